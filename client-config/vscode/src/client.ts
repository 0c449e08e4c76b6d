import {
  commands,
  Hover,
  languages,
  type LogOutputChannel,
  MarkdownString,
  type Position,
  Uri,
  workspace,
} from 'vscode';
import {
  type ClientCapabilities,
  CloseAction,
  type ErrorHandler,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  State as ClientState,
  type StaticFeature,
} from 'vscode-languageclient/node';
import { withoutDiagnostics } from './hover.ts';
import type { Command } from './server.ts';
import { chosen, serverKeys } from './settings.ts';
import type { Health, Overview } from './state.ts';

/** Python and templates: what says so, HTML, which often is one, and whatever lies in a folder for templates. */
export const documents = [
  { scheme: 'file', language: 'python' },
  { scheme: 'file', language: 'django-html' },
  { scheme: 'file', language: 'html' },
  { scheme: 'file', pattern: '**/templates/**' },
];

/** Who wants to know what the server tells of itself. */
export interface Listener {
  starting(): void;
  running(health?: Health, overview?: Overview): void;
  stopped(): void;
}

/** What the server can tell besides the protocol's own notifications. */
const tellsOfItself: StaticFeature = {
  fillClientCapabilities: (capabilities: ClientCapabilities) => {
    capabilities.experimental = {
      ...(capabilities.experimental as object | undefined),
      serverStatusNotification: true,
      djguideOverview: true,
    };
  },
  initialize: () => undefined,
  getState: () => ({ kind: 'static' }),
  clear: () => undefined,
};

/** A language client that says what it has to say in the output channel and in the status: djguide shows no pop-ups. */
export class Client extends LanguageClient {
  private readonly restarts: ErrorHandler;
  private starting: Promise<void> | undefined;
  private stopped = false;

  /**
   * @param cwd where the server runs: not the workspace, whose files Python would find as modules.
   * @param declared the names of the settings in the extension's manifest.
   */
  constructor(command: Command, cwd: string, output: LogOutputChannel, declared: readonly string[], listener: Listener) {
    const keys = serverKeys(declared);
    const own = workspace.getConfiguration('djguide');
    const options: LanguageClientOptions = {
      documentSelector: documents,
      outputChannel: output,
      traceOutputChannel: output,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: {
        ruleFolders: own.get<string[]>('rule-folders', []),
        codeLens: own.get<boolean>('code-lens', false),
      },
      middleware: {
        provideHover: async (document, position, token, next) => {
          const hover = await next(document, position, token);
          return hover && besidesDiagnostics(hover, document.uri, position);
        },
        window: { showDocument: async (params, token, next) => (await showPage(params.uri)) ?? next(params, token) },
        workspace: {
          configuration: async (params, token, next) => {
            const values = await next(params, token);
            if (!Array.isArray(values)) return values;
            return params.items.map(({ section }, index) => (section === 'djguide' ? settings(keys) : values[index]));
          },
        },
      },
      initializationFailedHandler: () => false,
      errorHandler: {
        error: (...details) => this.restarts.error(...details),
        closed: () => (this.stopped ? { action: CloseAction.DoNotRestart, handled: true } : this.restarts.closed()),
      },
    };
    const server = { command: command.program, args: [...command.args, 'server', '--stdio'], options: { cwd } };
    super('djguide', 'djguide', server, options);
    this.restarts = this.createDefaultErrorHandler();
    this.registerFeature(tellsOfItself);
    this.tell(listener);
  }

  override start(): Promise<void> {
    this.starting = super.start();
    return this.starting;
  }

  override async stop(timeout?: number): Promise<void> {
    this.stopped = true;
    if (this.state === ClientState.Starting) {
      // It cannot be asked to stop before it has answered, and it may never answer.
      this.serverProcess?.kill();
      await this.starting?.catch(() => undefined);
    } else if (this.needsStop()) {
      await super.stop(timeout);
    }
  }

  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  private tell(listener: Listener): void {
    let health: Health | undefined;
    let overview: Overview | undefined;
    this.onDidChangeState(({ newState }) => {
      health = overview = undefined;
      if (newState === ClientState.Starting) listener.starting();
      else if (newState === ClientState.Running) listener.running();
      else listener.stopped();
    });
    this.onNotification('experimental/serverStatus', (params: Health) => {
      health = params;
      listener.running(health, overview);
    });
    this.onNotification('djguide/overview', (params: Overview) => {
      overview = params;
      listener.running(health, overview);
    });
  }
}

function settings(keys: readonly string[]): Record<string, unknown> {
  const all = workspace.getConfiguration('djguide');
  return chosen(
    keys,
    (key) => all.inspect(key),
    (key) => all.get(key),
  );
}

/** Show the page of a rule as it is meant to be read; nothing for any other document. */
async function showPage(uri: string): Promise<{ success: boolean } | undefined> {
  const file = Uri.parse(uri);
  if (file.scheme !== 'file' || !file.path.endsWith('.md')) return undefined;
  try {
    await commands.executeCommand('markdown.showPreview', file);
    return { success: true };
  } catch {
    return undefined; // the extension that shows Markdown is switched off
  }
}

function besidesDiagnostics(hover: Hover, uri: Uri, position: Position): Hover | undefined {
  const messages = languages
    .getDiagnostics(uri)
    .filter((diagnostic) => diagnostic.source === 'djguide' && diagnostic.range.contains(position))
    .map((diagnostic) => diagnostic.message);
  const contents = hover.contents
    .map((part) => withoutDiagnostics(part instanceof MarkdownString ? part.value : '', messages))
    .filter((text) => text !== '')
    .map((text) => new MarkdownString(text));
  return contents.length > 0 ? new Hover(contents, hover.range) : undefined;
}
