// What callers get wrong: each mistake has an error of its own kind, and nobody
// else's locks are touched.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Manager } from '../index.mjs';
import { isFree, kind, shared, slotsInUse } from './helpers.mjs';

const manager = new Manager({ maxClaims: 3, maxSegments: 4, maxRequestSegments: 6, maxPathBytes: 10 });
const bystander = manager.tryAcquire({ write: 'bystander' });

after(() => {
  assert.equal(manager.tryAcquire({ read: 'bystander' }), null, 'other locks go on');
  bystander.release();
  assert.ok(isFree(manager), 'nothing is left behind');
});

/** All ways to ask refuse the claims, each in its way, and keep nothing. */
async function refused(claims, code) {
  const before = slotsInUse();
  await assert.rejects(manager.acquire(claims), kind(code));
  await assert.rejects(manager.acquire(claims, { timeout: 10 }), kind(code));
  await assert.rejects(manager.acquire(claims, { timeout: 0 }), kind(code));
  assert.throws(() => manager.tryAcquire(claims), kind(code));
  assert.throws(() => manager.enqueue(claims), kind(code));
  assert.equal(slotsInUse(), before);
}

test('no claims', async () => {
  for (const claims of [{}, { write: [] }, { read: [], write: [] }, { write: undefined }]) {
    await refused(claims, 'OARLOCK_NO_CLAIMS');
  }
});

test('an unknown mode', async () => {
  for (const claims of [{ wirte: 'a' }, { write: 'a', READ: 'b' }, { x: undefined }, { '': 'a' }, { readentry: 'a' }, { entry: 'a' }]) {
    await refused(claims, 'OARLOCK_UNKNOWN_MODE');
  }
});

test('an empty segment in text', async () => {
  for (const path of ['a//b', '/a', 'a/', '/', '//']) {
    await refused({ write: path }, 'OARLOCK_EMPTY_SEGMENT');
    await refused({ read: ['a', path] }, 'OARLOCK_EMPTY_SEGMENT');
    await refused({ readEntry: ['a', path] }, 'OARLOCK_EMPTY_SEGMENT');
    await refused({ writeEntry: path }, 'OARLOCK_EMPTY_SEGMENT');
  }
});

test('claims of the wrong type', async () => {
  const proxy = new Proxy([], { get: (_, key) => (key === 'length' ? 1 : Symbol('element')) });
  const wrong = [
    undefined, null, 'a', 1, 1n, true, Symbol('a'), () => {}, ['a'],
    { write: null }, { write: 1 }, { write: {} }, { write: Buffer.from('a') }, { write: new Set(['a']) },
    { write: [null] }, { write: [1] }, { write: [,] }, { write: [Buffer.from('a')] }, { write: [{}] },
    { write: [['a', 1]] }, { write: [['a', null]] }, { write: [[['a']]] }, { write: [[,]] },
    { write: [[new Uint16Array(1)]] }, { write: [[new ArrayBuffer(1)]] }, { write: [[new String('a')]] },
    { write: proxy }, { write: [proxy] },
  ];
  for (const claims of wrong) await refused(claims, 'OARLOCK_INVALID_ARGUMENT');
});

/** An array, as `Array.isArray` tells, that says its length is this. */
function posing(length, element = 'a') {
  return new Proxy([], { get: (_, key) => (key === 'length' ? length : element) });
}

test('lists with a length that none has', async () => {
  for (const length of [-1, 1.5, -0.5, NaN, Infinity, -Infinity, 2 ** 32, 2 ** 53, '1', 1n, Symbol('1'), null, undefined, {}]) {
    await refused({ write: posing(length) }, 'OARLOCK_INVALID_ARGUMENT');
    await refused({ read: 'a', write: [posing(length)] }, 'OARLOCK_INVALID_ARGUMENT');
    await refused({ write: [posing(length, Buffer.from('a'))] }, 'OARLOCK_INVALID_ARGUMENT');
  }
  manager.tryAcquire({ write: posing(1) }).release();
  manager.tryAcquire({ write: [posing(2)] }).release();
  await refused({ write: posing(0) }, 'OARLOCK_NO_CLAIMS');
});

test('bytes are as many as there are, whatever they say', () => {
  const stale = manager.tryAcquire({ write: '0123456789' });
  const before = slotsInUse();
  for (const length of [-9, -1, 0, 1, 1.5, 9, 5000, 2 ** 32, NaN, '2', 1n, undefined]) {
    class Posing extends Uint8Array {
      get length() {
        return length;
      }
    }
    const own = Object.defineProperty(Uint8Array.of(65, 66), 'length', { value: length });
    for (const bytes of [Posing.of(65, 66), Object.setPrototypeOf(Uint8Array.of(65, 66), Posing.prototype), own]) {
      const guard = manager.tryAcquire({ write: [[bytes]] });
      assert.equal(manager.tryAcquire({ write: 'AB' }), null, String(length));
      guard.release();
    }
  }
  assert.equal(slotsInUse(), before);
  stale.release();
});

test('bytes whose length another getter would tell', () => {
  const bytes = Object.setPrototypeOf(Uint8Array.of(65), null);
  const guard = manager.tryAcquire({ write: [[bytes]] });
  assert.equal(manager.tryAcquire({ write: 'A' }), null);
  guard.release();
});

test('more than the limits', async () => {
  await refused({ write: ['a', 'b'], read: ['c', 'd'] }, 'OARLOCK_TOO_MANY_CLAIMS');
  await refused({ write: 'a/b/c/d/e' }, 'OARLOCK_TOO_MANY_SEGMENTS');
  await refused({ write: [['', '', '', '', '']] }, 'OARLOCK_TOO_MANY_SEGMENTS');
  await refused({ write: ['a/b/c', 'd/e/f'], read: 'g' }, 'OARLOCK_REQUEST_TOO_LARGE');
  await refused({ write: ['a/b/c/d', ['', '', '']] }, 'OARLOCK_REQUEST_TOO_LARGE');
  await refused({ write: '12345/678901' }, 'OARLOCK_PATH_TOO_LONG');
  await refused({ write: [[Buffer.alloc(11)]] }, 'OARLOCK_PATH_TOO_LONG');
  await refused({ write: 'éééééé' }, 'OARLOCK_PATH_TOO_LONG');
  for (const fits of [{ write: ['a', 'b'], read: 'c' }, { write: 'a/b/c/d' }, { write: 'a/b/c/d', read: 'e/f' }, { write: '12345/67890' }]) {
    manager.tryAcquire(fits).release();
  }
});

test('far more than the default limits', async () => {
  const defaults = new Manager();
  const cases = [
    [{ write: Array(1_000_000).fill('a') }, 'OARLOCK_TOO_MANY_CLAIMS'],
    [{ write: Array(100_000).fill('a').join('/') }, 'OARLOCK_TOO_MANY_SEGMENTS'],
    [{ write: [Array(100_000).fill('a')] }, 'OARLOCK_TOO_MANY_SEGMENTS'],
    [{ write: Array.from({ length: 17 }, (_, i) => [`${i}`, ...Array(1000).fill('a')]) }, 'OARLOCK_REQUEST_TOO_LARGE'],
    [{ write: 'a'.repeat(10_000_000) }, 'OARLOCK_PATH_TOO_LONG'],
    [{ write: [[Buffer.alloc(100_000_000)]] }, 'OARLOCK_PATH_TOO_LONG'],
  ];
  for (const [claims, code] of cases) await assert.rejects(defaults.acquire(claims), kind(code));
  assert.ok(isFree(defaults));
});

test('timeouts that are none', async () => {
  const claims = { write: 'a' };
  for (const timeout of [-1, -0.1, -Number.MIN_VALUE, -Infinity]) {
    await assert.rejects(manager.acquire(claims, { timeout }), kind('OARLOCK_NEGATIVE_TIMEOUT'));
  }
  for (const timeout of [NaN, null, '1', '-1', 1n, -1n, {}, [], true, Symbol('1'), () => 1]) {
    await assert.rejects(manager.acquire(claims, { timeout }), kind('OARLOCK_INVALID_TIMEOUT'));
  }
  for (const timeout of [Infinity, Number.MAX_VALUE, 8.64e15]) {
    await assert.rejects(manager.acquire(claims, { timeout }), kind('OARLOCK_TIMEOUT_TOO_LARGE'));
  }
  (await manager.acquire(claims, { timeout: -0 })).release();
  (await manager.acquire(claims, { timeout: undefined, signal: undefined })).release();
});

test('options that are none', async () => {
  const claims = { write: 'a' };
  for (const options of [null, 5, 'a', { timout: 5 }, { timeout: 1, extra: undefined }]) {
    await assert.rejects(manager.acquire(claims, options), kind('OARLOCK_INVALID_ARGUMENT'));
  }
  for (const signal of [null, 1, {}, { aborted: false }, new AbortController(), new EventTarget()]) {
    await assert.rejects(manager.acquire(claims, { signal }), kind('OARLOCK_INVALID_ARGUMENT'));
  }
  assert.throws(() => manager.tryAcquire(claims, { timeout: 1 }), kind('OARLOCK_INVALID_ARGUMENT'));
  assert.throws(() => manager.enqueue(claims, {}), kind('OARLOCK_INVALID_ARGUMENT'));
});

test('settings of a manager that are none', () => {
  for (const options of [null, 1, 'a', { maxClaim: 1 }, { maxClaims: -1 }, { maxClaims: 1.5 },
    { maxClaims: '1' }, { maxSegments: NaN }, { maxRequestSegments: -1 }, { maxPathBytes: Infinity }, { maxPathBytes: 2 ** 32 }]) {
    assert.throws(() => new Manager(options), kind('OARLOCK_INVALID_ARGUMENT'));
  }
  for (const name of [undefined, null, 1, '\ud800', 'a\udc00b']) {
    assert.throws(() => Manager.named(name), kind('OARLOCK_INVALID_ARGUMENT'));
  }
  new Manager({});
  new Manager(undefined);
  new Manager({ maxClaims: undefined });
  const none = new Manager({ maxRequestSegments: 0 });
  assert.throws(() => none.tryAcquire({ write: 'a' }), kind('OARLOCK_REQUEST_TOO_LARGE'));
  none.tryAcquire({ write: '' }).release();
  Manager.named('');
});

test('getters that throw, and getters that come back', async () => {
  const thrown = new Error('mine');
  const throwing = {
    get write() {
      throw thrown;
    },
  };
  await assert.rejects(manager.acquire(throwing), (error) => error === thrown);
  const returning = {
    get write() {
      manager.tryAcquire({ write: 'b' });
      return 'a';
    },
  };
  await refused(returning, 'OARLOCK_INVALID_ARGUMENT');
  manager.tryAcquire({ write: 'a' }).release();
});

test('methods without their manager', async () => {
  const { acquire, tryAcquire, close } = manager;
  await assert.rejects(acquire({ write: 'a' }), TypeError);
  assert.throws(() => tryAcquire({ write: 'a' }), TypeError);
  assert.throws(() => close.call({}), TypeError);
  assert.equal(manager.closed, false);
});

test('the slot of a call that fails is used again', (t) => {
  const before = slotsInUse();
  const { addon } = shared;
  for (const name of ['enqueue', 'enqueueLong', 'tryAcquire', 'tryAcquireLong']) {
    const original = addon[name];
    t.after(() => (addon[name] = original));
    for (const fail of [() => 'OARLOCK_PANIC so it is', () => { throw new Error('so it is'); }]) {
      addon[name] = fail;
      const write = name.endsWith('Long') ? 'a'.repeat(5000) : 'a';
      const ask = name.startsWith('try') ? () => manager.tryAcquire({ write }) : () => manager.enqueue({ write });
      for (let i = 0; i < 3; i++) assert.throws(ask, kind('OARLOCK_PANIC'));
    }
    addon[name] = original;
  }
  assert.equal(slotsInUse(), before);
  manager.tryAcquire({ write: 'a' }).release();
});

test('a slot that holds something after a failure is left alone', (t) => {
  const { addon } = shared;
  const original = addon.tryAcquire;
  t.after(() => (addon.tryAcquire = original));
  addon.tryAcquire = () => {
    original();
    throw new Error('so it is');
  };
  const other = new Manager();
  assert.throws(() => other.tryAcquire({ write: 'a' }), kind('OARLOCK_PANIC'));
  addon.tryAcquire = original;
  other.tryAcquire({ write: 'b' }).release();
});
