// Which settings are the server's. No import of `vscode` here: it is tested under plain Node.

/** What VS Code tells about one setting, with its values in the order in which the later one wins. */
export interface Setting {
  readonly globalValue?: unknown;
  readonly workspaceValue?: unknown;
  readonly workspaceFolderValue?: unknown;
}

/** Settings of the extension itself; all others under `djguide` are those of `[tool.djguide]`. */
const own = ['path', 'interpreter', 'rule-folders', 'code-lens', 'trace.server'];

/** The keys of `[tool.djguide]` among the settings that an extension's manifest declares. */
export function serverKeys(declared: readonly string[]): string[] {
  const keys = declared.filter((name) => name.startsWith('djguide.')).map((name) => name.slice('djguide.'.length));
  return keys.filter((key) => !own.includes(key));
}

/**
 * The values of the settings that somebody has set. The defaults are left out: they would win over what the project's
 * `pyproject.toml` says.
 */
export function chosen(
  keys: readonly string[],
  inspect: (key: string) => Setting | undefined,
  value: (key: string) => unknown,
): Record<string, unknown> {
  const isSet = (key: string) => {
    const { globalValue, workspaceValue, workspaceFolderValue } = inspect(key) ?? {};
    return (globalValue ?? workspaceValue ?? workspaceFolderValue ?? undefined) !== undefined;
  };
  return Object.fromEntries(keys.filter(isSet).map((key) => [key, value(key)]));
}
