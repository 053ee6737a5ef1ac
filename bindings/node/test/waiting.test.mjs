// Timeouts and signals.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Manager, OarlockError } from '../index.mjs';
import { isFree, kind } from './helpers.mjs';

async function held(path = 'a') {
  const manager = new Manager();
  return { manager, guard: await manager.acquire({ write: path }) };
}

test('a timeout rejects and leaves the queue', async () => {
  const { manager, guard } = await held();
  const start = performance.now();
  await assert.rejects(manager.acquire({ write: 'a' }, { timeout: 30 }), kind('OARLOCK_TIMEOUT'));
  assert.ok(performance.now() - start >= 28, 'not early, but for the clock of timers');
  guard.release();
  assert.ok(isFree(manager));
});

test('a timeout of 0 tries', async () => {
  const { manager, guard } = await held();
  await assert.rejects(manager.acquire({ read: 'a' }, { timeout: 0 }), kind('OARLOCK_TIMEOUT'));
  guard.release();
  (await manager.acquire({ read: 'a' }, { timeout: 0 })).release();
});

test('a timeout does nothing to what is granted before', async () => {
  const { manager, guard } = await held();
  const next = manager.acquire({ write: 'a' }, { timeout: 20 });
  guard.release();
  const granted = await next;
  await sleep(40);
  assert.equal(manager.tryAcquire({ write: 'a' }), null);
  granted.release();
});

test('a timeout beyond what a timer takes does not end at once', async () => {
  for (const timeout of [2 ** 31, 2 ** 40, 8e15]) {
    const { manager, guard } = await held();
    const waiting = manager.acquire({ write: 'a' }, { timeout });
    assert.equal(await Promise.race([waiting, sleep(20, 'still waiting')]), 'still waiting');
    guard.release();
    (await waiting).release();
  }
});

test('what waited only for a request that timed out is granted', async () => {
  const manager = new Manager();
  const reader = await manager.acquire({ read: 'a' });
  const writer = manager.acquire({ write: 'a' }, { timeout: 20 });
  const second = manager.acquire({ read: 'a' });
  await assert.rejects(writer, kind('OARLOCK_TIMEOUT'));
  (await second).release();
  reader.release();
});

test('an abort rejects with its reason and leaves the queue', async () => {
  const { manager, guard } = await held();
  for (const reason of [new Error('mine'), 'a string', null, 0]) {
    const control = new AbortController();
    const waiting = manager.acquire({ write: 'a' }, { signal: control.signal });
    control.abort(reason);
    await assert.rejects(waiting, (error) => error === reason);
  }
  const control = new AbortController();
  const waiting = manager.acquire({ write: 'a' }, { signal: control.signal });
  control.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
  guard.release();
  assert.ok(isFree(manager));
});

test('AbortSignal.timeout and AbortSignal.any', async () => {
  const { manager, guard } = await held();
  const signal = AbortSignal.timeout(20);
  await assert.rejects(manager.acquire({ write: 'a' }, { signal }), { name: 'TimeoutError' });
  const any = AbortSignal.any([AbortSignal.timeout(20), new AbortController().signal]);
  await assert.rejects(manager.acquire({ write: 'a' }, { signal: any }), { name: 'TimeoutError' });
  guard.release();
});

test('a signal that is aborted already rejects and takes nothing', async () => {
  const manager = new Manager();
  const reason = new Error('before');
  const signal = AbortSignal.abort(reason);
  await assert.rejects(manager.acquire({ write: 'a' }, { signal }), (error) => error === reason);
  assert.ok(isFree(manager));
});

test('a signal that is aborted while the claims are read', async () => {
  const { manager, guard } = await held();
  const control = new AbortController();
  const claims = {
    get write() {
      control.abort('meanwhile');
      return 'a';
    },
  };
  const waiting = manager.acquire(claims, { signal: control.signal });
  await assert.rejects(waiting, (error) => error === 'meanwhile');
  guard.release();
  assert.ok(isFree(manager));
});

test('a signal keeps its own handler and gets its listeners removed', async () => {
  const { manager, guard } = await held();
  const control = new AbortController();
  const { signal } = control;
  let called = 0;
  const onabort = () => called++;
  signal.onabort = onabort;
  const before = getEventListeners(signal, 'abort').length;

  (await manager.acquire({ write: 'free' }, { signal })).release();
  assert.equal(getEventListeners(signal, 'abort').length, before, 'granted at once');
  await assert.rejects(manager.acquire({ write: 'a' }, { signal, timeout: 5 }), kind('OARLOCK_TIMEOUT'));
  assert.equal(getEventListeners(signal, 'abort').length, before, 'timed out');
  const waiting = manager.acquire({ write: 'a' }, { signal });
  assert.equal(getEventListeners(signal, 'abort').length, before + 1);
  guard.release();
  const granted = await waiting;
  assert.equal(getEventListeners(signal, 'abort').length, before, 'granted');
  assert.equal(signal.onabort, onabort);

  const aborted = manager.acquire({ write: 'a' }, { signal });
  control.abort();
  await assert.rejects(aborted, { name: 'AbortError' });
  assert.equal(called, 1);
  assert.equal(getEventListeners(signal, 'abort').length, before, 'aborted');
  granted.release();
});

test('many waits share a signal without a warning', async (t) => {
  const { manager, guard } = await held();
  const warnings = [];
  const warn = (warning) => warnings.push(warning);
  process.on('warning', warn);
  t.after(() => process.off('warning', warn));
  const control = new AbortController();
  const waiting = Array.from({ length: 100 }, () =>
    manager.acquire({ write: 'a' }, { signal: control.signal }),
  );
  control.abort('all');
  const results = await Promise.allSettled(waiting);
  assert.ok(results.every(({ reason }) => reason === 'all'));
  await sleep(1);
  assert.deepEqual(warnings, []);
  guard.release();
  assert.ok(isFree(manager));
});

test('of grant and abort the first wins', async () => {
  for (const grantFirst of [true, false]) {
    const { manager, guard } = await held();
    const control = new AbortController();
    const waiting = manager.acquire({ write: 'a' }, { signal: control.signal, timeout: 1000 });
    if (grantFirst) guard.release();
    control.abort('late or not');
    if (!grantFirst) guard.release();
    if (grantFirst) (await waiting).release();
    else await assert.rejects(waiting, (error) => error === 'late or not');
    assert.ok(isFree(manager));
  }
});

test('a listener that uses the manager while others are aborted', async () => {
  const { manager, guard } = await held();
  const control = new AbortController();
  control.signal.addEventListener('abort', () => guard.release());
  const waiting = Array.from({ length: 3 }, () =>
    manager.acquire({ write: 'a' }, { signal: control.signal }),
  );
  control.abort('stop');
  // The listener ran first, so the first of them was granted.
  const [first, ...others] = await Promise.allSettled(waiting);
  assert.equal(first.status, 'fulfilled');
  assert.ok(others.every(({ reason }) => reason === 'stop'));
  first.value.release();
  assert.ok(isFree(manager));
});

test('errors of timeouts are OarlockErrors with a stack', async () => {
  const { manager, guard } = await held();
  const error = await manager.acquire({ write: 'a' }, { timeout: 1 }).catch((error) => error);
  assert.ok(error instanceof OarlockError && error instanceof Error);
  assert.match(error.stack, /OarlockError: the lock was not granted in time/);
  guard.release();
});

test('a signal whose code throws or comes back loses nothing', async () => {
  const thrown = new Error('of the signal');
  const fail = () => {
    throw thrown;
  };
  const nothing = () => {};
  const { manager, guard } = await held();
  const signals = [
    { aborted: false, addEventListener: fail, removeEventListener: nothing },
    { aborted: false, addEventListener: (_, abort) => abort(), removeEventListener: nothing, get reason() { return fail(); } },
    { aborted: false, addEventListener: (_, abort) => (abort(), abort(), fail()), removeEventListener: nothing, reason: thrown },
    { get aborted() { return this.asked ? fail() : !(this.asked = true); }, addEventListener: nothing, removeEventListener: nothing },
  ];
  for (const signal of signals) {
    await assert.rejects(manager.acquire({ write: 'a' }, { signal }), (error) => error === thrown);
  }
  // One that takes the place of the request that it aborts.
  let inner;
  const returning = {
    aborted: false,
    reason: 'back',
    addEventListener: (_, abort) => (returning.abort = abort),
    removeEventListener: () => {
      inner = manager.enqueue({ write: 'a' });
      returning.abort();
    },
  };
  const waiting = manager.acquire({ write: 'a' }, { signal: returning });
  returning.abort();
  await assert.rejects(waiting, (error) => error === 'back');
  assert.equal(inner.state, 'waiting');
  guard.release();
  assert.equal(inner.state, 'acquired');
  inner[Symbol.dispose]();
  assert.ok(isFree(manager));
});

test('a signal that throws when a grant comes does not stop other grants', async (t) => {
  const { manager, guard } = await held();
  const uncaught = [];
  const previous = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => uncaught.push(error.message));
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of previous) process.on('uncaughtException', listener);
  });
  const signal = {
    aborted: false,
    addEventListener() {},
    removeEventListener() {
      throw new Error('of the signal');
    },
  };
  const first = manager.acquire({ read: 'a' }, { signal });
  const second = manager.acquire({ read: 'a' });
  guard.release();
  for (const reader of await Promise.all([first, second])) reader.release();
  await sleep(1);
  assert.deepEqual(uncaught, ['of the signal']);
  assert.ok(isFree(manager));
});
