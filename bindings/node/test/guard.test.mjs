// What a guard is, and how it ends.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Guard, Manager } from '../index.mjs';
import { isFree, kind } from './helpers.mjs';

test('a guard is released once', async () => {
  const manager = new Manager();
  const guard = await manager.acquire({ write: 'a' });
  assert.equal(guard.released, false);
  assert.equal(guard.release(), undefined);
  assert.equal(guard.released, true);
  const other = await manager.acquire({ write: 'a' });
  assert.throws(() => guard.release(), kind('OARLOCK_STALE'));
  assert.equal(manager.tryAcquire({ write: 'a' }), null, 'the lock of another is untouched');
  other.release();
});

test('disposing releases, and after a release does nothing', async () => {
  const manager = new Manager();
  const guard = await manager.acquire({ write: 'a' });
  guard[Symbol.dispose]();
  assert.ok(guard.released);
  const other = await manager.acquire({ write: 'a' });
  guard[Symbol.dispose]();
  await guard[Symbol.asyncDispose]();
  assert.equal(manager.tryAcquire({ write: 'a' }), null);
  await other[Symbol.asyncDispose]();
  assert.ok(other.released);
  assert.ok(isFree(manager));
});

test('ids of live requests differ', () => {
  const manager = new Manager();
  const guards = Array.from({ length: 100 }, () => manager.tryAcquire({ read: 'a' }));
  assert.equal(new Set(guards.map((guard) => guard.id)).size, 100);
  for (const guard of guards) {
    assert.equal(typeof guard.id, 'bigint');
    guard.release();
  }
});

test('guards are not made or released by hand', async () => {
  const manager = new Manager();
  const guard = await manager.acquire({ write: 'a' });
  assert.throws(() => new Guard(), kind('OARLOCK_INVALID_ARGUMENT'));
  assert.throws(() => new guard.constructor(Symbol('grant'), {}), kind('OARLOCK_INVALID_ARGUMENT'));
  assert.throws(() => guard.release.call({}), kind('OARLOCK_INVALID_ARGUMENT'));
  assert.equal(manager.tryAcquire({ write: 'a' }), null);
  guard.release();
});

test('a guard outlives its manager', async () => {
  let manager = Manager.named('guard.test');
  const guard = await manager.acquire({ write: 'a' });
  manager = undefined;
  assert.equal(Manager.named('guard.test').tryAcquire({ write: 'a' }), null);
  guard.release();
  assert.ok(isFree(Manager.named('guard.test')));
});
