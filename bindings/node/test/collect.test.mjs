// What is forgotten is released when it is collected.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram } from './helpers.mjs';

const start = `
  import { setImmediate as turn } from 'node:timers/promises';
  import { Manager } from './index.mjs';
  const manager = new Manager();
  async function until(condition) {
    for (let i = 0; i < 1000 && !condition(); i++) { gc(); await turn(); }
    return condition();
  }
  function free(path) {
    const guard = manager.tryAcquire({ write: path });
    guard?.release();
    return guard !== null;
  }
`;

async function prints(source, expected) {
  const result = await runProgram(start + source, ['--expose-gc']);
  assert.equal(result.code, 0, result.errors);
  assert.equal(result.output.trim(), expected);
}

test('a guard that is forgotten releases, one that is kept does not', async () => {
  await prints(
    `const kept = await manager.acquire({ write: 'kept' });
     await (async () => { await manager.acquire({ write: 'a' }); })();
     (() => manager.tryAcquire({ write: 'b' }))();
     console.log(await until(() => free('a') && free('b')), free('kept'), kept.released);`,
    'true false false',
  );
});

test('a guard that was released and then forgotten harms nobody', async () => {
  await prints(
    `for (let i = 0; i < 1000; i++) manager.tryAcquire({ write: 'x/' + i }).release();
     const kept = Array.from({ length: 500 }, (_, i) => manager.tryAcquire({ write: 'x/' + i }));
     for (let i = 0; i < 500; i += 2) { kept[i].release(); kept[i] = null; }
     for (let i = 0; i < 20; i++) { gc(); await turn(); }
     let wrong = 0;
     for (let i = 0; i < 500; i++) if (free('x/' + i) !== (kept[i] === null)) wrong++;
     console.log(wrong);`,
    '0',
  );
});

test('a forgotten guard grants those that wait', async () => {
  await prints(
    `(() => manager.tryAcquire({ write: 'a' }))();
     let granted = false;
     manager.acquire({ write: 'a' }).then(() => { granted = true; });
     console.log(await until(() => granted));`,
    'true',
  );
});

test('a promise that nobody looks at is granted and collected in its turn', async () => {
  await prints(
    `const guard = await manager.acquire({ write: 'a' });
     manager.acquire({ write: 'a' });
     manager.enqueue({ write: 'a' });
     guard.release();
     console.log(await until(() => free('a')));`,
    'true',
  );
});

test('managers are collected, and their numbers used again', async () => {
  await prints(
    `for (let i = 0; i < 2000; i++) new Manager();
     for (let i = 0; i < 20; i++) { gc(); await turn(); }
     const others = Array.from({ length: 2000 }, () => new Manager());
     const guards = others.map((other) => other.tryAcquire({ write: '' }));
     console.log(guards.every((guard) => guard !== null), free(''));`,
    'true true',
  );
});

test('memory does not grow with requests', async () => {
  await prints(
    `async function some(count) {
       for (let i = 0; i < count; i++) {
         const guard = await manager.acquire({ write: 'a' });
         const waiting = manager.acquire({ write: 'a/' + (i % 7) }, { signal: new AbortController().signal });
         const pending = manager.enqueue({ read: 'a' });
         if (i % 2) pending.cancel();
         guard.release();
         (await waiting).release();
         pending[Symbol.dispose]();
         if (i % 500 === 0) { gc(); await turn(); }
       }
     }
     await some(4_000);
     gc();
     const before = process.memoryUsage.rss();
     await some(12_000);
     gc();
     const grown = process.memoryUsage.rss() - before;
     console.log(grown < 10_000_000 ? 'steady' : grown);`,
    'steady',
  );
});
