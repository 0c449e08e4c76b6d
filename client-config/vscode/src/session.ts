import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { Client } from './client.ts';
import { installServer } from './install.ts';
import { type Command, findServer, ServerNotFound, type Surroundings } from './server.ts';
import type { StatusItem } from './status.ts';

/** The one server of a window: found, started, stopped, and found anew when a setting changes. */
export class Session {
  private readonly context: vscode.ExtensionContext;
  private readonly output: vscode.LogOutputChannel;
  private readonly status: StatusItem;
  private client: Client | undefined;
  private started = false;
  private queue: Promise<void> = Promise.resolve();
  private restartIsQueued = false;

  constructor(context: vscode.ExtensionContext, output: vscode.LogOutputChannel, status: StatusItem) {
    this.context = context;
    this.output = output;
    this.status = status;
  }

  /** Start the server, stopping a running one first. Requests made while one waits its turn are one restart. */
  restart(): Promise<void> {
    this.started = true;
    if (!this.restartIsQueued) {
      this.restartIsQueued = true;
      this.queue = this.queue.then(async () => {
        this.restartIsQueued = false;
        await this.stopClient();
        await this.startClient();
      });
    }
    return this.queue;
  }

  /** Like `restart`, but nothing before the first start; a start that found no server counts. */
  async restartIfStarted(): Promise<void> {
    if (this.started) await this.restart();
  }

  stop(): Promise<void> {
    this.queue = this.queue.then(() => this.stopClient());
    return this.queue;
  }

  /** Write what `djguide doctor` says about each workspace folder to the output channel, and show it. */
  async showDoctor(): Promise<void> {
    const command = await this.findServer();
    if (!command) return;
    this.output.show(true);
    for (const folder of workspaceFolders()) {
      this.output.info(await run(command, ['doctor', folder], this.home));
    }
  }

  /** Let the user choose a rule, those found at the cursor first, and show its page. */
  async showRule(): Promise<void> {
    const command = await this.findServer();
    if (!command) return;
    const chosen = await vscode.window.showQuickPick(this.rules(command), {
      placeHolder: 'The rule whose page to show',
      matchOnDetail: true,
    });
    if (!chosen) return;
    if (this.client?.isRunning()) {
      const request = { command: 'djguide.showRule', arguments: [chosen.label] };
      await this.client.sendRequest('workspace/executeCommand', request);
    } else {
      this.output.show(true);
      this.output.info(await run(command, ['rule', chosen.label], this.home));
    }
  }

  /** Make an environment for the server with what comes with the extension, and start it. */
  async install(): Promise<void> {
    const wheel = this.wheel;
    if (!wheel) return void vscode.window.showErrorMessage('This build of the extension has no djguide to install.');
    const progress = { location: vscode.ProgressLocation.Notification, title: 'Installing djguide' };
    try {
      await vscode.window.withProgress(progress, () =>
        installServer(wheel, this.surroundings(), (text) => this.output.info(text)),
      );
    } catch (error) {
      if (!(error instanceof ServerNotFound)) throw error;
      this.output.error(error.message);
      void vscode.window.showErrorMessage(error.message);
      return;
    }
    await this.restart();
  }

  /** A folder outside any workspace, in which djguide is run. */
  private get home(): string {
    return this.context.extensionPath;
  }

  /** The file of the djguide that comes with the extension; a build from the sources alone has none. */
  private get wheel(): string | undefined {
    const { version } = this.context.extension.packageJSON as { version: string };
    const file = path.join(this.context.extensionPath, 'dist', 'server', `djguide-${version}-py3-none-any.whl`);
    return existsSync(file) ? file : undefined;
  }

  private async rules(command: Command): Promise<vscode.QuickPickItem[]> {
    const here = codesAtCursor();
    const { rules } = JSON.parse(await run(command, ['rules', '--format', 'json'], this.home)) as {
      rules: { code: string; practice: string; summary: string }[];
    };
    return rules
      .map(({ code, practice, summary }) => ({
        label: code,
        description: here.has(code) ? `${practice}, at the cursor` : practice,
        detail: summary,
      }))
      .sort((one, other) => Number(here.has(other.label)) - Number(here.has(one.label)));
  }

  private async startClient(): Promise<void> {
    const command = await this.findServer();
    if (!command) return;
    this.output.info(`Starting ${[command.program, ...command.args].join(' ')}`);
    const { contributes } = this.context.extension.packageJSON as {
      contributes: { configuration: { properties: object } };
    };
    const client = new Client(command, this.home, this.output, Object.keys(contributes.configuration.properties), {
      starting: () => this.status.show({ kind: 'starting' }),
      running: (health, overview) =>
        this.status.show({ kind: 'running', ...(health && { health }), ...(overview && { overview }) }),
      stopped: () => {
        if (this.client === client) this.status.show({ kind: 'stopped' });
      },
    });
    this.client = client;
    // Not awaited: a server that never answers must not keep the next restart waiting. The client logs a failure.
    client.start().catch(() => undefined);
  }

  private async stopClient(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.stop().catch((error: unknown) => this.output.warn(String(error)));
  }

  private surroundings(): Surroundings {
    const settings = vscode.workspace.getConfiguration('djguide');
    const { version } = this.context.extension.packageJSON as { version: string };
    return {
      path: settings.get<string[]>('path', []),
      interpreter: settings.get<string>('interpreter', ''),
      folders: workspaceFolders(),
      trusted: vscode.workspace.isTrusted,
      searchPath: process.env['PATH'] ?? '',
      own: path.join(this.context.globalStorageUri.fsPath, `server-${version}`),
    };
  }

  /** The command that runs djguide, or nothing after telling the user why. */
  private async findServer(): Promise<Command | undefined> {
    try {
      return await findServer(this.surroundings());
    } catch (error) {
      if (!(error instanceof ServerNotFound)) throw error;
      this.output.error(error.message);
      this.status.show({ kind: 'missing', message: error.message });
      void this.offerHelp(error.message);
      return undefined;
    }
  }

  private async offerHelp(message: string): Promise<void> {
    const install = 'Install';
    const openSettings = 'Open Settings';
    const offers = this.wheel ? [install, openSettings] : [openSettings];
    const chosen = await vscode.window.showErrorMessage(message, ...offers);
    if (chosen === install) await this.install();
    if (chosen === openSettings) {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'djguide.path');
    }
  }
}

function workspaceFolders(): string[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath);
}

/** The codes of djguide's diagnostics at the cursor. */
function codesAtCursor(): Set<string> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return new Set();
  const found = vscode.languages
    .getDiagnostics(editor.document.uri)
    .filter(({ source, range }) => source === 'djguide' && range.contains(editor.selection.active));
  return new Set(found.map(({ code }) => String(typeof code === 'object' ? code.value : code)));
}

/** What djguide prints, or why it could not be run. */
function run(command: Command, args: string[], cwd: string): Promise<string> {
  return new Promise((answer) => {
    execFile(
      command.program,
      [...command.args, ...args],
      { cwd, timeout: 120_000, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) =>
        answer(stdout || stderr || (error ? error.message : `djguide ${args.join(' ')} printed nothing.`)),
    );
  });
}
