import * as vscode from 'vscode';
import { foreign, importsDjango, marks, requirements, requiresDjango } from './django.ts';
import { Session } from './session.ts';
import { StatusItem } from './status.ts';

let session: Session | undefined;

/** Settings that only a new server notices. */
const needRestart = ['djguide.path', 'djguide.interpreter', 'djguide.rule-folders', 'djguide.code-lens'];
const requirementFiles = 50;

export async function activate(context: vscode.ExtensionContext): Promise<{ status: () => StatusItem['words'] }> {
  const output = vscode.window.createOutputChannel('djguide', { log: true });
  const status = new StatusItem();
  const current = new Session(context, output, status);
  session = current;
  context.subscriptions.push(
    output,
    status,
    vscode.commands.registerCommand('djguide.restart', () => current.restart()),
    vscode.commands.registerCommand('djguide.showOutput', () => output.show()),
    vscode.commands.registerCommand('djguide.showDoctor', () => current.showDoctor()),
    vscode.commands.registerCommand('djguide.openRule', () => current.showRule()),
    vscode.commands.registerCommand('djguide.install', () => current.install()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => current.restartIfStarted()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (needRestart.some((setting) => event.affectsConfiguration(setting))) void current.restartIfStarted();
    }),
  );
  if (await looksLikeDjango()) await current.restart();
  else startLater(context, current);
  return { status: () => status.words };
}

export async function deactivate(): Promise<void> {
  await session?.stop();
}

/** Most folders with Python or HTML have nothing to do with Django: no server is started for them. */
async function looksLikeDjango(): Promise<boolean> {
  if (vscode.workspace.textDocuments.some(isDjango)) return true;
  if ((await vscode.workspace.findFiles(marks, foreign, 1)).length > 0) return true;
  for (const file of await vscode.workspace.findFiles(requirements, foreign, requirementFiles)) {
    if (requiresDjango(new TextDecoder().decode(await vscode.workspace.fs.readFile(file)))) return true;
  }
  return false;
}

function isDjango(document: vscode.TextDocument): boolean {
  if (document.uri.scheme !== 'file') return false;
  if (document.languageId === 'django-html') return true;
  return document.languageId === 'python' && importsDjango(document.getText());
}

/** Start the server as soon as a file of Django's is opened or made, or a folder added that looks like Django. */
function startLater(context: vscode.ExtensionContext, current: Session): void {
  const listening: vscode.Disposable[] = [];
  const start = () => {
    listening.splice(0).forEach((listener) => void listener.dispose());
    void current.restart();
  };
  const look = (document: vscode.TextDocument) => {
    if (isDjango(document)) start();
  };
  const watcher = vscode.workspace.createFileSystemWatcher(marks, false, true, true);
  listening.push(
    watcher,
    watcher.onDidCreate(start),
    vscode.workspace.onDidOpenTextDocument(look),
    vscode.workspace.onDidSaveTextDocument(look),
    vscode.workspace.onDidChangeWorkspaceFolders(async () => {
      if (listening.length > 0 && (await looksLikeDjango())) start();
    }),
  );
  context.subscriptions.push({ dispose: () => listening.splice(0).forEach((listener) => void listener.dispose()) });
}
