import * as vscode from 'vscode';
import { Session } from './session.ts';

let session: Session | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const output = vscode.window.createOutputChannel('djguide', { log: true });
  const current = new Session(output, context.extensionPath);
  session = current;
  context.subscriptions.push(
    output,
    vscode.commands.registerCommand('djguide.restart', () => current.restart()),
    vscode.commands.registerCommand('djguide.showOutput', () => output.show()),
    vscode.commands.registerCommand('djguide.showDoctor', () => current.showDoctor()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => current.restartIfStarted()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('djguide.path') || event.affectsConfiguration('djguide.interpreter')) {
        void current.restartIfStarted();
      }
    }),
  );
  if (await hasPython()) {
    await current.restart();
  } else {
    const opened = vscode.workspace.onDidOpenTextDocument((document) => {
      if (!isPythonOrDjango(document)) return;
      opened.dispose();
      void current.restart();
    });
    context.subscriptions.push(opened);
  }
}

export async function deactivate(): Promise<void> {
  await session?.stop();
}

/** An HTML file alone starts no server: most have nothing to do with Django. */
async function hasPython(): Promise<boolean> {
  if (vscode.workspace.textDocuments.some(isPythonOrDjango)) return true;
  return (await vscode.workspace.findFiles('**/*.py', '**/node_modules/**', 1)).length > 0;
}

function isPythonOrDjango(document: vscode.TextDocument): boolean {
  return document.languageId === 'python' || document.languageId === 'django-html';
}
