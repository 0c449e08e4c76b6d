// What VS Code's hover shows besides diagnostics. No import of `vscode` here: it is tested under plain Node.

const separator = '\n\n---\n\n';

/**
 * The server's hover without the parts that say what a diagnostic says: VS Code shows a diagnostic, its evidence and its
 * code above the hovers of language servers. What can be done about it, and what its rule is about, is left.
 *
 * @param markdown the parts of the hover, separated by rules.
 * @param messages those of the diagnostics at the same place.
 */
export function withoutDiagnostics(markdown: string, messages: readonly string[]): string {
  const shown = messages.map(withoutMarks);
  return markdown
    .split(separator)
    .filter((part) => !shown.some((message) => withoutMarks(part).startsWith(message)))
    .join(separator);
}

function withoutMarks(text: string): string {
  return text.replace(/[\\`]/g, '');
}
