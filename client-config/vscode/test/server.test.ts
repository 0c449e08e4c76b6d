import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { findServer, ServerNotFound, type Surroundings } from '../src/server.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'djguide-')));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Write an executable script that succeeds, or a Python that has or lacks djguide: its exit status says which. */
function program(name: string, status = 0): string {
  const file = path.join(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\nexit ${status}\n`);
  chmodSync(file, 0o755);
  return file;
}

function around(changes: Partial<Surroundings> = {}): Surroundings {
  const searchPath = path.join(root, 'bin');
  const own = path.join(root, 'storage', 'server');
  return { path: [], interpreter: '', folders: [path.join(root, 'project')], trusted: true, searchPath, own, ...changes };
}

const asModule = ['-P', '-m', 'djguide_server'];

test('the setting djguide.path wins over everything else', async () => {
  const chosen = program('tools/djguide');
  program('project/.venv/bin/djguide');
  const python = program('tools/python');
  const settings = around({ path: [chosen, '--quiet'], interpreter: python });
  assert.deepEqual(await findServer(settings), { program: chosen, args: ['--quiet'] });
});

test('a bare name in djguide.path is looked up on PATH', async () => {
  const python = program('bin/python3.12');
  const settings = around({ path: ['python3.12', '-m', 'djguide_server'] });
  assert.deepEqual(await findServer(settings), { program: python, args: ['-m', 'djguide_server'] });
});

test('the home folder and the workspace folder are expanded', async () => {
  const own = program('project/tools/djguide');
  const found = await findServer(around({ path: ['${workspaceFolder}/tools/djguide', '~/settings.toml'] }));
  assert.deepEqual(found, { program: own, args: [path.join(homedir(), 'settings.toml')] });
});

test('a setting that names no program is reported, although a server is on PATH', async () => {
  program('bin/djguide');
  program('project/relative/djguide');
  for (const name of [path.join(root, 'missing'), 'missing', 'relative/djguide', './relative/djguide']) {
    await assert.rejects(findServer(around({ path: [name] })), (error: Error) => {
      return error instanceof ServerNotFound && error.message.includes(`djguide.path names "${name}"`);
    });
    await assert.rejects(findServer(around({ interpreter: name })), /djguide\.interpreter names .* no such program/);
  }
});

test('a folder or a file that is not executable is not a program', async () => {
  const file = program('bin/djguide');
  chmodSync(file, 0o644);
  mkdirSync(path.join(root, 'folder'));
  await assert.rejects(findServer(around({ path: [path.join(root, 'folder')] })), ServerNotFound);
  await assert.rejects(findServer(around({ path: [file] })), ServerNotFound);
});

test('the interpreter setting runs the module, and must have it', async () => {
  program('project/.venv/bin/djguide');
  const python = program('tools/python');
  assert.deepEqual(await findServer(around({ interpreter: python })), { program: python, args: asModule });
  const without = program('tools/bare-python', 1);
  await assert.rejects(findServer(around({ interpreter: without })), /has no djguide installed/);
});

test("the workspace's virtual environment comes before PATH, .venv before venv, the first folder first", async () => {
  const onPath = program('bin/djguide');
  const folders = ['project', 'other'].map((name) => path.join(root, name));
  assert.equal((await findServer(around({ folders }))).program, onPath);
  for (const name of ['other/venv', 'other/.venv', 'project/venv', 'project/.venv']) {
    const own = program(`${name}/bin/djguide`);
    assert.deepEqual(await findServer(around({ folders })), { program: own, args: [] });
  }
});

test('without djguide on PATH, a python3 there that has it will do', async () => {
  const python = program('bin/python3');
  assert.deepEqual(await findServer(around()), { program: python, args: asModule });
  program('bin/python3', 1);
  await assert.rejects(findServer(around()), /pip install djguide/);
});

test('what the extension has installed is used when there is nothing else', async () => {
  const own = program('storage/server/bin/djguide');
  assert.deepEqual(await findServer(around()), { program: own, args: [] });
  const onPath = program('bin/djguide');
  assert.equal((await findServer(around())).program, onPath);
});

test('relative entries of PATH are not searched', async () => {
  program('project/bin/djguide');
  const relative = path.relative(process.cwd(), path.join(root, 'project/bin'));
  await assert.rejects(findServer(around({ searchPath: ['', '.', relative].join(path.delimiter) })), ServerNotFound);
});

test('an untrusted folder supplies no program, by whatever way it is reached', async () => {
  const onPath = program('bin/djguide');
  const planted = program('project/.venv/bin/djguide');
  program('project/.venv/bin/python3');
  symlinkSync(path.join(root, 'project'), path.join(root, 'link'));
  const untrusted = { trusted: false, searchPath: [path.dirname(planted), path.dirname(onPath)].join(path.delimiter) };
  for (const folders of [[path.join(root, 'project')], [path.join(root, 'link')]]) {
    assert.equal((await findServer(around({ ...untrusted, folders }))).program, onPath);
    for (const name of [planted, '${workspaceFolder}/.venv/bin/djguide', path.join(root, 'link/.venv/bin/djguide')]) {
      await assert.rejects(findServer(around({ ...untrusted, folders, path: [name] })), /not trusted/);
      await assert.rejects(findServer(around({ ...untrusted, folders, interpreter: name })), /not trusted/);
    }
    const script = { path: [onPath, '${workspaceFolder}/server.py'] };
    await assert.rejects(findServer(around({ ...untrusted, folders, ...script })), /not trusted/);
  }
  assert.equal((await findServer(around({ trusted: true }))).program, planted);
});

test('arguments that are no paths are never taken for files of an untrusted folder', async () => {
  const python = program('bin/python3');
  // The editor may have been started in the folder, which is then where relative paths lead.
  const untrusted = { trusted: false, folders: [process.cwd()] };
  const found = await findServer(around({ ...untrusted, path: ['python3', '-m', 'djguide_server'] }));
  assert.deepEqual(found, { program: python, args: ['-m', 'djguide_server'] });
});
