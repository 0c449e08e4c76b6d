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
// One context for all pages: what VS Code loads is loaded once. More pixels than points, for pictures that bear enlarging.
const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1.5 });
const pages = [];
const top = () => pages.at(-1);

const actions = {
  // A page is opened over the others; the rest acts on the one on top.
  open: async (url, selector) => {
    const page = await context.newPage();
    pages.push(page);
    page.setDefaultTimeout(60_000);
    page.on('dialog', (dialog) => dialog.accept()); // a page with unsaved files asks before it goes
    await page.goto(url);
    await page.waitForSelector(selector);
  },
  close: async () => {
    // Left as a user leaves it, so that VS Code says goodbye to its server; closing alone would not let it.
    await top().goto('about:blank');
    await pages.pop().close();
  },
  resize: (width, height) => top().setViewportSize({ width, height }),
  press: (key) => top().keyboard.press(key),
  type: (text) => top().keyboard.type(text),
  texts: (selector) => top().locator(selector).allInnerTexts(),
  click: (selector, text) => top().locator(selector).filter({ hasText: text }).first().click(),
  screenshot: (path, selector) =>
    top().locator(selector).first().screenshot({ path, animations: 'disabled', caret: 'initial' }),
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
