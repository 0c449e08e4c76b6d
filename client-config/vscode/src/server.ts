// Which program is the server. No import of `vscode` here: the search is tested under plain Node.
import { execFile } from 'node:child_process';
import { constants, realpathSync } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import * as path from 'node:path';

/** What decides which server is started. */
export interface Surroundings {
  /** The setting `djguide.path`: a program and its arguments, or nothing. */
  readonly path: readonly string[];
  /** The setting `djguide.interpreter`, or an empty string. */
  readonly interpreter: string;
  /** The absolute paths of the workspace folders. */
  readonly folders: readonly string[];
  /** Whether programs inside the workspace folders may be started. */
  readonly trusted: boolean;
  /** The value of the environment variable `PATH`. */
  readonly searchPath: string;
  /** The folder of the virtual environment that the extension makes for the server when asked to; need not exist. */
  readonly own: string;
}

/** How djguide is run: `program`, `args`, then a subcommand such as `server`. */
export interface Command {
  /** An absolute path. */
  readonly program: string;
  readonly args: readonly string[];
}

/** There is no server to start; the message is for the user. */
export class ServerNotFound extends Error {}

const windows = process.platform === 'win32';
const executable = (name: string) => (windows && !path.extname(name) ? `${name}.exe` : name);

// `-P` keeps the current folder off the module search path, so that no folder can pass itself off as djguide.
const moduleArguments = ['-P', '-m', 'djguide_server'] as const;

/**
 * The command that runs djguide. A setting that names a program is obeyed or reported, never passed over;
 * without one the workspace's virtual environment comes first, then `PATH`, then what the extension has installed.
 *
 * @throws {ServerNotFound} when nothing fits.
 */
export async function findServer(around: Surroundings): Promise<Command> {
  return (
    (await fromPathSetting(around)) ??
    (await fromInterpreterSetting(around)) ??
    (await fromVirtualEnvironment(around)) ??
    (await fromSearchPath(around)) ??
    (await fromOwnEnvironment(around)) ??
    notFound(
      'djguide is not installed where it was looked for. Install it with "pip install djguide", or say where it is in the setting djguide.path.',
    )
  );
}

async function fromPathSetting(around: Surroundings): Promise<Command | undefined> {
  const [name, ...args] = around.path.map((part) => expand(part, around));
  if (!name) return undefined;
  const program = await resolve(name, around);
  if (!program) return notUsable('djguide.path', name, around);
  const untrusted = args.find((argument) => isUntrusted(argument, around));
  if (untrusted) return notUsable('djguide.path', untrusted, around);
  return { program, args };
}

async function fromInterpreterSetting(around: Surroundings): Promise<Command | undefined> {
  const name = expand(around.interpreter, around);
  if (!name) return undefined;
  const program = await resolve(name, around);
  if (!program) return notUsable('djguide.interpreter', name, around);
  if (!(await hasServer(program))) {
    return notFound(`The Python of the setting djguide.interpreter ("${name}") has no djguide installed.`);
  }
  return { program, args: moduleArguments };
}

async function fromVirtualEnvironment(around: Surroundings): Promise<Command | undefined> {
  for (const folder of around.folders) {
    for (const environment of ['.venv', 'venv']) {
      const program = programOf(path.join(folder, environment), 'djguide');
      if (await mayRun(program, around)) return { program, args: [] };
    }
  }
  return undefined;
}

async function fromSearchPath(around: Surroundings): Promise<Command | undefined> {
  const program = await lookUp('djguide', around);
  if (program) return { program, args: [] };
  const python = await lookUp(windows ? 'python' : 'python3', around);
  return python && (await hasServer(python)) ? { program: python, args: moduleArguments } : undefined;
}

async function fromOwnEnvironment(around: Surroundings): Promise<Command | undefined> {
  const program = programOf(around.own, 'djguide');
  return (await mayRun(program, around)) ? { program, args: [] } : undefined;
}

/** Where a virtual environment has a program. */
export function programOf(environment: string, name: string): string {
  return path.join(environment, windows ? 'Scripts' : 'bin', executable(name));
}

function notUsable(setting: string, name: string, around: Surroundings): never {
  const why = isUntrusted(name, around) ? 'this folder is not trusted' : 'there is no such program';
  return notFound(`The setting ${setting} names "${name}", and ${why}.`);
}

function notFound(message: string): never {
  throw new ServerNotFound(message);
}

/** A setting's text with a leading `~` and `${workspaceFolder}` (the first folder) replaced. */
function expand(text: string, around: Surroundings): string {
  return text
    .trim()
    .replace(/^~(?=$|[\\/])/, () => homedir())
    .replaceAll('${workspaceFolder}', () => around.folders[0] ?? '${workspaceFolder}');
}

/** The absolute path of a program given as such or as a bare name; nothing for one that may not be run. */
async function resolve(name: string, around: Surroundings): Promise<string | undefined> {
  if (!/[\\/]/.test(name)) return lookUp(name, around);
  return path.isAbsolute(name) && (await mayRun(name, around)) ? name : undefined;
}

/** `PATH` is searched here and not by the system, which also accepts relative entries and untrusted folders. */
export async function lookUp(name: string, around: Surroundings): Promise<string | undefined> {
  for (const folder of around.searchPath.split(path.delimiter).filter((entry) => path.isAbsolute(entry))) {
    const program = path.join(folder, executable(name));
    if (await mayRun(program, around)) return program;
  }
  return undefined;
}

async function mayRun(program: string, around: Surroundings): Promise<boolean> {
  if (isUntrusted(program, around)) return false;
  try {
    await access(program, constants.X_OK);
    return (await stat(program)).isFile();
  } catch {
    return false;
  }
}

/** Whether a path lies in an untrusted folder, by its spelling or after following links to where the file is. */
function isUntrusted(file: string, around: Surroundings): boolean {
  if (around.trusted || !path.isAbsolute(file)) return false;
  const spelling = path.resolve(file);
  const spellings = [spelling, path.join(real(path.dirname(spelling)), path.basename(spelling))];
  const folders = around.folders.flatMap((folder) => [path.resolve(folder), real(folder)]);
  return folders.some((folder) => spellings.some((name) => isWithin(name, folder)));
}

function isWithin(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

function real(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

/** Whether an interpreter can import djguide; it is asked without importing anything. */
function hasServer(python: string): Promise<boolean> {
  const question = 'import importlib.util, sys; sys.exit(importlib.util.find_spec("djguide_server") is None)';
  return new Promise((answer) => {
    execFile(python, ['-P', '-c', question], { timeout: 10_000, cwd: path.dirname(python) }, (error) =>
      answer(error === null),
    );
  });
}
