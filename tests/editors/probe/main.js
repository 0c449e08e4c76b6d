// Answers POST requests on a Unix socket in the folder named by DJGUIDE_PROBE, one socket for each extension host: the
// body is a function body in JavaScript that may use `vscode`; the answer is {"value": ...} or {"error": "..."}.
const http = require('node:http');
const path = require('node:path');
const vscode = require('vscode');

const AsyncFunction = (async () => {}).constructor;

async function answer(body) {
  try {
    return { value: (await new AsyncFunction('vscode', body)(vscode)) ?? null };
  } catch (error) {
    return { error: String(error?.stack ?? error) };
  }
}

exports.activate = (context) => {
  const server = http.createServer(async (request, response) => {
    const chunks = await request.toArray();
    response.end(JSON.stringify(await answer(Buffer.concat(chunks).toString())));
  });
  server.listen(path.join(process.env.DJGUIDE_PROBE, String(process.pid)));
  context.subscriptions.push({ dispose: () => server.close() });
};
