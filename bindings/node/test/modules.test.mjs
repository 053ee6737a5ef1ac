// How a program gets at it: modules of both kinds, types, the README's example.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import * as module from '../index.mjs';
import { here, run } from './helpers.mjs';

const require = createRequire(import.meta.url);
const NODE = Number(process.versions.node.split('.')[0]);

/** An empty folder in which `oarlock` is installed, removed after the test. */
function consumer(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'oarlock-consumer-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(here, path.join(folder, 'node_modules', 'oarlock'), 'junction');
  return folder;
}

test('both kinds of module give the same classes and nothing else', () => {
  const common = require('../index.js');
  assert.deepEqual(Object.keys(common).sort(), ['Guard', 'Manager', 'OarlockError', 'Pending']);
  assert.deepEqual(Object.keys(module).sort(), Object.keys(common).sort());
  for (const name of Object.keys(common)) assert.equal(common[name], module[name]);
});

test('a second copy of the files in one thread shares the locks', async () => {
  const first = require('../index.js');
  const cached = Object.entries(require.cache).filter(([file]) => file.startsWith(here));
  for (const [file] of cached) delete require.cache[file];
  const second = require('../index.js');
  assert.notEqual(second.Manager, first.Manager);
  for (const [file, loaded] of cached) require.cache[file] = loaded;

  const guard = await first.Manager.named('modules.test').acquire({ write: 'a' });
  const manager = second.Manager.named('modules.test');
  assert.equal(manager.tryAcquire({ write: 'a' }), null);
  const waiting = manager.acquire({ write: 'a' });
  const pending = first.Manager.named('modules.test').enqueue({ write: 'a' });
  guard.release();
  (await waiting).release();
  (await pending.promise).release();
});

test('a program by either kind of module finds the package by its name', async (t) => {
  const folder = consumer(t);
  const body = `new Manager().acquire({ write: 'a' }).then((guard) => console.log(guard.token));`;
  writeFileSync(path.join(folder, 'a.mjs'), `import { Manager } from 'oarlock'; ${body}`);
  writeFileSync(path.join(folder, 'b.cjs'), `const { Manager } = require('oarlock'); ${body}`);
  for (const file of ['a.mjs', 'b.cjs']) {
    const { code, output, errors } = await run([file], folder);
    assert.equal(code, 0, errors);
    assert.equal(output, '1n\n', file);
  }
});

test("the README's example runs", async (t) => {
  const folder = consumer(t);
  const example = path.join(here, '../../examples/readme/readme.mjs');
  copyFileSync(example, path.join(folder, 'readme.mjs'));
  const { code, output, errors } = await run(['readme.mjs'], folder);
  assert.equal(code, 0, errors);
  assert.equal(output, 'null\naudit with token 2\n');
});

test('the types allow what is right and refuse what is wrong', async (t) => {
  const folder = consumer(t);
  copyFileSync(path.join(here, 'test/fixtures/types.ts'), path.join(folder, 'types.ts'));
  copyFileSync(path.join(here, 'test/fixtures/types.ts'), path.join(folder, 'types.mts'));
  writeFileSync(path.join(folder, 'package.json'), '{}');
  const tsc = path.join(here, 'node_modules/typescript/bin/tsc');
  // No types of Node and none of browsers: the package needs neither.
  const flags = ['--strict', '--noEmit', '--target', 'es2022', '--lib', 'es2022', '--types', ''];
  const modules = ['--module', 'nodenext', '--moduleResolution', 'nodenext', '--skipLibCheck', 'false'];
  const { code, output } = await run([tsc, ...flags, ...modules, 'types.ts', 'types.mts'], folder);
  assert.equal(code, 0, output);
});

test('guards work with `using`', { skip: NODE < 24 && 'this Node does not have it' }, async () => {
  const { code, output, errors } = await run(['test/fixtures/using.node24.mjs']);
  assert.equal(code, 0, errors);
  assert.deepEqual(output.trim().split('\n'), [
    'false false null',
    'acquired waiting',
    'in the middle',
    'null false',
    'true',
  ]);
});
