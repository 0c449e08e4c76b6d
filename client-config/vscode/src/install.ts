// An environment of the extension's own for the server. No import of `vscode` here: it is tested under plain Node.
import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import * as path from 'node:path';
import { lookUp, programOf, ServerNotFound, type Surroundings } from './server.ts';

/** The Pythons to try, the newest first; the plain name may be any version. */
const pythons = ['python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3', 'python'];
const isNewEnough = 'import sys; sys.exit(sys.version_info < (3, 11))';

/**
 * Install the server into the folder `around.own`, with a Python 3.11 or newer or, if there is none that can, with uv.
 * Fetches what djguide needs from the user's package index: to be called only when the user asks for it.
 *
 * @param wheel the file of the djguide that comes with the extension.
 * @param log takes what the programs print.
 * @throws {ServerNotFound} when nothing can; the message is for the user.
 */
export async function installServer(wheel: string, around: Surroundings, log: (text: string) => void): Promise<void> {
  await mkdir(path.dirname(around.own), { recursive: true });
  for (const attempt of [withPython, withUv]) {
    await rm(around.own, { recursive: true, force: true });
    if (await attempt(wheel, around, log)) return;
  }
  await rm(around.own, { recursive: true, force: true });
  throw new ServerNotFound(
    'djguide could not be installed: neither a Python 3.11 or newer on PATH that can make virtual environments, nor uv, did it. The output says why.',
  );
}

async function withPython(wheel: string, around: Surroundings, log: (text: string) => void): Promise<boolean> {
  const python = await findPython(around);
  if (!python) return false;
  const own = programOf(around.own, 'python');
  return (
    (await run(log, python, '-m', 'venv', around.own)) &&
    (await run(log, own, '-m', 'pip', 'install', '--disable-pip-version-check', '--no-compile', '--quiet', wheel))
  );
}

async function withUv(wheel: string, around: Surroundings, log: (text: string) => void): Promise<boolean> {
  const uv = await lookUp('uv', around);
  if (!uv) return false;
  const own = programOf(around.own, 'python');
  return (
    (await run(log, uv, 'venv', '--quiet', '--no-config', '--python', '>=3.11', around.own)) &&
    (await run(log, uv, 'pip', 'install', '--quiet', '--python', own, wheel))
  );
}

async function findPython(around: Surroundings): Promise<string | undefined> {
  for (const name of pythons) {
    const python = await lookUp(name, around);
    if (python && (await run(() => undefined, python, '-I', '-c', isNewEnough))) return python;
  }
  return undefined;
}

/** Whether a program succeeds. */
function run(log: (text: string) => void, program: string, ...args: string[]): Promise<boolean> {
  log(`${program} ${args.join(' ')}`);
  return new Promise((answer) => {
    execFile(program, args, { timeout: 600_000, cwd: path.parse(program).root }, (error, stdout, stderr) => {
      if (stdout || stderr) log(`${stdout}${stderr}`.trim());
      answer(error === null);
    });
  });
}
