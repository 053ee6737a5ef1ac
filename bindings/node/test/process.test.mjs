// The process ends when its own work ends.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram } from './helpers.mjs';

const start = `
  import { Manager } from './index.mjs';
  const manager = new Manager();
  const named = Manager.named('process.test');
`;

/** Runs a program and expects these lines of it, and that it ends by itself. */
async function prints(source, expected, code = 0) {
  const result = await runProgram(start + source);
  assert.equal(result.signal, null, `it did not end: ${result.errors}`);
  assert.equal(result.code, code, result.errors);
  assert.equal(result.output.trim(), expected);
}

test('guards that are held do not keep it alive', async () => {
  await prints(
    `globalThis.guards = [await manager.acquire({ write: 'a' }), await named.acquire({ write: 'a' })];
     console.log('done');`,
    'done',
  );
});

test('a manager that was used does not keep it alive', async () => {
  await prints(
    `const guard = await named.acquire({ write: 'a' });
     const waiting = named.acquire({ write: 'a' });
     setTimeout(() => guard.release(), 5);
     (await waiting).release();
     console.log('done');`,
    'done',
  );
});

test('a wait that only this thread could end does not keep it alive', async () => {
  await prints(
    `await manager.acquire({ write: 'a' });
     manager.acquire({ write: 'a' }).then(() => console.log('never'));
     manager.enqueue({ write: 'a' }).promise.then(() => console.log('never'));
     console.log('done');`,
    'done',
  );
});

test('a timeout keeps it alive until then, as a timer does', async () => {
  await prints(
    `await manager.acquire({ write: 'a' });
     manager.acquire({ write: 'a' }, { timeout: 20 }).catch((error) => console.log(error.code));`,
    'OARLOCK_TIMEOUT',
  );
});

test('a timeout that is not needed any more does not', async () => {
  await prints(
    `const guard = await manager.acquire({ write: 'a' });
     const control = new AbortController();
     const granted = manager.acquire({ write: 'a' }, { timeout: 600_000 });
     const aborted = manager.acquire({ write: 'a' }, { timeout: 600_000, signal: control.signal });
     aborted.catch((error) => console.log(error));
     control.abort('aborted');
     guard.release();
     await granted;
     console.log('granted');`,
    'aborted\ngranted',
  );
});

test('a wait with a signal keeps it alive until then', async () => {
  await prints(
    `await manager.acquire({ write: 'a' });
     const signal = AbortSignal.timeout(20);
     manager.acquire({ write: 'a' }, { signal }).catch((error) => console.log(error.name));`,
    'TimeoutError',
  );
});

test('a wait for another thread keeps it alive until then', async () => {
  await prints(
    `import { Worker } from 'node:worker_threads';
     import { once } from 'node:events';
     const workerData = { name: 'process.test', path: 'a', releaseAfter: 50 };
     const worker = new Worker('./test/fixtures/hold.mjs', { workerData, execArgv: [] });
     await once(worker, 'message');
     worker.unref();
     named.acquire({ write: 'a' }).then(() => console.log('granted'));`,
    'granted',
  );
});

test('a pending request keeps it alive once its promise was asked for', async () => {
  await prints(
    `const guard = await named.acquire({ write: 'a' });
     named.enqueue({ write: 'a' });
     console.log('done');`,
    'done',
  );
  await prints(
    `const guard = await named.acquire({ write: 'a' });
     const pending = named.enqueue({ write: 'a' });
     setTimeout(() => guard.release(), 20).unref();
     pending.promise.then(() => console.log('granted'));`,
    'granted',
  );
});

test('process.exit in the middle of waits ends it', async () => {
  await prints(
    `const guard = await named.acquire({ write: 'a' });
     for (let i = 0; i < 100; i++) named.acquire({ write: 'a' }, { timeout: 1000 });
     console.log('exit');
     process.exit(7);`,
    'exit',
    7,
  );
});

test('an uncaught exception in the middle of waits ends it', async () => {
  const result = await runProgram(
    `${start}
     await named.acquire({ write: 'a' });
     named.acquire({ write: 'a' });
     setTimeout(() => { throw new Error('mine'); }, 1);`,
  );
  assert.equal(result.code, 1);
  assert.match(result.errors, /Error: mine/);
});
