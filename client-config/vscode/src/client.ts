import { Hover, languages, type LogOutputChannel, MarkdownString, type Position, type Uri } from 'vscode';
import {
  CloseAction,
  type ErrorHandler,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  State,
} from 'vscode-languageclient/node';
import { withoutDiagnostics } from './hover.ts';
import type { Command } from './server.ts';

/** Settings of the extension itself; all others under `djguide` are the server's, see `[tool.djguide]`. */
const ownSettings = new Set(['path', 'interpreter', 'trace']);

/** A language client that says what it has to say in the output channel: djguide shows no pop-ups. */
export class Client extends LanguageClient {
  private readonly restarts: ErrorHandler;
  private starting: Promise<void> | undefined;
  private stopped = false;

  /** @param cwd where the server runs: not the workspace, whose files Python would find as modules. */
  constructor(command: Command, cwd: string, output: LogOutputChannel) {
    const options: LanguageClientOptions = {
      documentSelector: ['python', 'django-html', 'html'].map((language) => ({ scheme: 'file', language })),
      outputChannel: output,
      traceOutputChannel: output,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      middleware: {
        provideHover: async (document, position, token, next) => {
          const hover = await next(document, position, token);
          return hover && besidesDiagnostics(hover, document.uri, position);
        },
        workspace: {
          configuration: async (params, token, next) => {
            const values = await next(params, token);
            return Array.isArray(values) ? values.map(withoutOwnSettings) : values;
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
  }

  override start(): Promise<void> {
    this.starting = super.start();
    return this.starting;
  }

  override async stop(timeout?: number): Promise<void> {
    this.stopped = true;
    if (this.state === State.Starting) {
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
}

function withoutOwnSettings(section: unknown): unknown {
  if (typeof section !== 'object' || section === null || Array.isArray(section)) return section;
  return Object.fromEntries(Object.entries(section).filter(([key]) => !ownSettings.has(key)));
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
