import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { installServer } from '../src/install.ts';
import type { Surroundings } from '../src/server.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'djguide-')));
});
afterEach(() => rmSync(root, { recursive: true }));

/** A shell script that notes how it was called, then does as told; `$own` is where the environment belongs. */
function program(name: string, ...lines: string[]): void {
  const file = path.join(root, 'bin', name);
  mkdirSync(path.dirname(file), { recursive: true });
  const head = ['#!/bin/sh', `own=${around().own}`, `echo "$0 $*" >>${path.join(root, 'calls')}`];
  writeFileSync(file, [...head, ...lines, ''].join('\n'));
  chmodSync(file, 0o755);
}

function calls(): string[] {
  return readFileSync(path.join(root, 'calls'), 'utf8').replaceAll(`${root}/`, '').trim().split('\n');
}

function around(): Surroundings {
  const own = path.join(root, 'storage', 'server');
  return { path: [], interpreter: '', folders: [], trusted: true, searchPath: path.join(root, 'bin'), own };
}

// What makes an environment whose own Python installs djguide by copying itself.
const venv = 'mkdir -p "$own/bin" && cp "$0" "$own/bin/python"';
const pip = 'case "$*" in *"pip install"*) cp "$0" "$own/bin/djguide";; *venv*) ' + `${venv};; esac`;

test('the newest Python makes the environment, and its pip installs the wheel', async () => {
  program('python3.12', pip);
  program('python3', pip);
  await installServer('/x.whl', around(), () => undefined);
  assert.ok(existsSync(path.join(root, 'storage/server/bin/djguide')));
  assert.deepEqual(
    calls().map((call) => call.replace(/ -c .*/, ' -c')),
    [
      'bin/python3.12 -I -c',
      'bin/python3.12 -m venv storage/server',
      'storage/server/bin/python -m pip install --disable-pip-version-check --no-compile --quiet /x.whl',
    ],
  );
});

test('a Python that is too old is passed over, and uv takes its place', async () => {
  program('python3', 'exit 1');
  program('uv', `case "$1" in venv) ${venv};; pip) cp "$0" "$own/bin/djguide";; esac`);
  await installServer('/x.whl', around(), () => undefined);
  assert.ok(existsSync(path.join(root, 'storage/server/bin/djguide')));
  assert.deepEqual(calls().slice(1), [
    'bin/uv venv --quiet --no-config --python >=3.11 storage/server',
    'bin/uv pip install --quiet --python storage/server/bin/python /x.whl',
  ]);
});

test('what failed halfway is taken away, and the message says what is needed', async () => {
  program('python3.11', `case "$*" in *"pip install"*) echo no network; exit 1;; *venv*) ${venv};; esac`);
  const log: string[] = [];
  await assert.rejects(
    installServer('/x.whl', around(), (text) => log.push(text)),
    /Python 3\.11 or newer .* nor uv/,
  );
  assert.ok(!existsSync(around().own));
  assert.match(log.join('\n'), /no network/);
});

test('without a Python and uv nothing is run', async () => {
  await assert.rejects(
    installServer('/x.whl', around(), () => undefined),
    /could not be installed/,
  );
});
