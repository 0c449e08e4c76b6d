import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importsDjango, requiresDjango } from '../src/django.ts';
import { chosen, serverKeys, type Setting } from '../src/settings.ts';
import { describe, type Project } from '../src/state.ts';

test('requirements that name Django', () => {
  for (const text of ['Django==5.2\n', 'a\ndjango-filter>=2', 'dependencies = ["django>=4.2"]', 'django']) {
    assert.ok(requiresDjango(text), text);
  }
  for (const text of ['flask\n', '# django\nflask  # not django', '[tool.djguide]', 'mydjango']) {
    assert.ok(!requiresDjango(text), text);
  }
});

test('files that import Django', () => {
  for (const text of ['import django', 'x = 1\n  from django.db import models\n', 'from rest_framework import views']) {
    assert.ok(importsDjango(text), text);
  }
  for (const text of ['import djangonaut', '# from django', 'from .django import x', 'print("import django")']) {
    assert.ok(!importsDjango(text), text);
  }
});

test('only settings that somebody has set go to the server', () => {
  const keys = serverKeys(['djguide.ignore', 'djguide.path', 'djguide.trace.server', 'djguide.select', 'djguide.exclude']);
  assert.deepEqual(keys, ['ignore', 'select', 'exclude']);
  const inspected: Record<string, Setting> = { ignore: { workspaceValue: [] }, select: { globalValue: null }, exclude: {} };
  const values = chosen(keys, (key) => inspected[key], () => []);
  assert.deepEqual(values, { ignore: [] });
});

const project = (root: string, changes: Partial<Project> = {}): Project => {
  return { root, settingsModule: 'config.settings', djangoVersion: '5.2', models: 12, ...changes };
};
const overview = { projects: [project('/w/shop'), project('/w/shop/blog', { djangoVersion: null, models: 1 })], seconds: 0.8 };

test('the status tells of the project that the file belongs to', () => {
  const status = describe({ kind: 'running', overview }, '/w/shop/orders/views.py');
  assert.deepEqual(status, {
    text: 'Django 5.2',
    detail: 'shop · config.settings · 12 models · checked in 0.8 s',
    severity: 'information',
    busy: false,
  });
  const inner = describe({ kind: 'running', overview }, '/w/shop/blog/models.py');
  assert.equal(inner.text, 'djguide');
  assert.match(inner.detail, /^blog · config\.settings · 1 model · /);
  assert.match(describe({ kind: 'running', overview }, '/elsewhere.py').detail, /^no Django project found · /);
});

test('the status tells of work and of trouble', () => {
  assert.ok(describe({ kind: 'starting' }).busy);
  const busy = { health: 'ok', quiescent: false, message: null } as const;
  assert.ok(describe({ kind: 'running', overview, health: busy }).busy);
  const trouble = { health: 'warning', quiescent: true, message: 'a.toml:1: wrong\nmore' } as const;
  const { severity, detail } = describe({ kind: 'running', overview, health: trouble });
  assert.deepEqual([severity, detail], ['warning', 'a.toml:1: wrong']);
  assert.equal(describe({ kind: 'missing', message: 'Nowhere' }).detail, 'Nowhere');
});
