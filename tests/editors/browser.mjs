// A Chromium that does what it is told: one JSON request {"action": ..., "arguments": [...]} per line on standard input,
// one answer {"value": ...} or {"error": "..."} per line on standard output. It ends with its input.
//
//   node browser.mjs MODULES CHROMIUM      MODULES: the folder whose node_modules hold playwright-core
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const [modules, executablePath] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)('playwright-core');

const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox', // the tests run as root
    '--disable-gpu',
    '--disable-background-networking',
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1', // nothing but this machine
  ],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
page.setDefaultTimeout(60_000);

const actions = {
  open: async (url) => {
    await page.goto(url);
    await page.waitForSelector('.monaco-workbench');
  },
  press: (key) => page.keyboard.press(key),
  texts: (selector) => page.locator(selector).allInnerTexts(),
  click: (selector, text) => page.locator(selector).filter({ hasText: text }).first().click(),
  screenshot: (path) => page.screenshot({ path, animations: 'disabled', caret: 'initial' }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { action, arguments: values } = JSON.parse(line);
  let answer;
  try {
    const value = await actions[action](...values);
    answer = { value: action === 'texts' ? value : null };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
