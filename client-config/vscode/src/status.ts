import { type Disposable, languages, LanguageStatusSeverity, type LanguageStatusItem, window } from 'vscode';
import { documents } from './client.ts';
import { describe, type State } from './state.ts';

const severities = {
  information: LanguageStatusSeverity.Information,
  warning: LanguageStatusSeverity.Warning,
  error: LanguageStatusSeverity.Error,
};

/** The entry in the language status of the window, instead of messages that pop up. */
export class StatusItem implements Disposable {
  private readonly item: LanguageStatusItem;
  private readonly listening: Disposable;
  private state: State = { kind: 'waiting' };

  constructor() {
    this.item = languages.createLanguageStatusItem('djguide.status', documents);
    this.item.name = 'djguide';
    this.listening = window.onDidChangeActiveTextEditor(() => this.show(this.state));
    this.show(this.state);
  }

  show(state: State): void {
    this.state = state;
    const file = window.activeTextEditor?.document.uri.fsPath.replaceAll('\\', '/');
    const { text, detail, severity, busy } = describe(state, file);
    this.item.text = text;
    this.item.detail = detail;
    this.item.severity = severities[severity];
    this.item.busy = busy;
    this.item.command =
      state.kind === 'missing'
        ? { title: 'Open Settings', command: 'workbench.action.openSettings', arguments: ['djguide.path'] }
        : severity === 'information'
          ? { title: 'Show Doctor', command: 'djguide.showDoctor' }
          : { title: 'Show Output', command: 'djguide.showOutput' };
  }

  /** What the item says now. */
  get words(): { text: string; detail: string | undefined } {
    return { text: this.item.text, detail: this.item.detail };
  }

  dispose(): void {
    this.listening.dispose();
    this.item.dispose();
  }
}
