import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutDiagnostics } from '../src/hover.ts';

const first = 'Reading `a` of \\*args `code`\n\n- `b.py:1` here';
const second = 'Another finding `other`';

test('what a diagnostic says is left out, what follows from it stays', () => {
  const hover = [first, '- **Safe fix:** do it', second, 'about the rule'].join('\n\n---\n\n');
  const messages = ['Another finding', 'Reading `a` of *args'];
  assert.equal(withoutDiagnostics(hover, messages), '- **Safe fix:** do it\n\n---\n\nabout the rule');
  assert.equal(withoutDiagnostics(hover, []), hover);
});

test('nothing may be left', () => {
  assert.equal(withoutDiagnostics(second, ['Another finding']), '');
});
