import { execFile } from 'node:child_process';
import * as vscode from 'vscode';
import { Client } from './client.ts';
import { type Command, findServer, ServerNotFound } from './server.ts';

/** The one server of a window: found, started, stopped, and found anew when a setting changes. */
export class Session {
  private readonly output: vscode.LogOutputChannel;
  private readonly home: string;
  private client: Client | undefined;
  private started = false;
  private queue: Promise<void> = Promise.resolve();
  private restartIsQueued = false;

  /** @param home a folder outside any workspace, in which djguide is run. */
  constructor(output: vscode.LogOutputChannel, home: string) {
    this.output = output;
    this.home = home;
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

  private async startClient(): Promise<void> {
    const command = await this.findServer();
    if (!command) return;
    this.output.info(`Starting ${[command.program, ...command.args].join(' ')}`);
    this.client = new Client(command, this.home, this.output);
    // Not awaited: a server that never answers must not keep the next restart waiting. The client logs a failure.
    this.client.start().catch(() => undefined);
  }

  private async stopClient(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.stop().catch((error: unknown) => this.output.warn(String(error)));
  }

  /** The command that runs djguide, or nothing after telling the user why. */
  private async findServer(): Promise<Command | undefined> {
    const settings = vscode.workspace.getConfiguration('djguide');
    try {
      return await findServer({
        path: settings.get<string[]>('path', []),
        interpreter: settings.get<string>('interpreter', ''),
        folders: workspaceFolders(),
        trusted: vscode.workspace.isTrusted,
        searchPath: process.env['PATH'] ?? '',
      });
    } catch (error) {
      if (!(error instanceof ServerNotFound)) throw error;
      this.output.error(error.message);
      void offerSettings(error.message);
      return undefined;
    }
  }
}

function workspaceFolders(): string[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath);
}

async function offerSettings(message: string): Promise<void> {
  const openSettings = 'Open Settings';
  if ((await vscode.window.showErrorMessage(message, openSettings)) === openSettings) {
    await vscode.commands.executeCommand('workbench.action.openSettings', 'djguide.path');
  }
}

/** What djguide prints, or why it could not be run. */
function run(command: Command, args: string[], cwd: string): Promise<string> {
  return new Promise((answer) => {
    execFile(command.program, [...command.args, ...args], { cwd, timeout: 120_000 }, (error, stdout, stderr) =>
      answer(stdout || stderr || (error ? error.message : `djguide ${args.join(' ')} printed nothing.`)),
    );
  });
}
