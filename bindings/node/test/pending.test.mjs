// Requests that can be looked at while they wait.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Guard, Manager, Pending } from '../index.mjs';
import { isFree, kind } from './helpers.mjs';

test('enqueue takes its place at once and tells its state at once', async () => {
  const manager = new Manager();
  const first = manager.enqueue({ write: 'a' });
  const second = manager.enqueue({ write: 'a' });
  assert.ok(first instanceof Pending);
  assert.equal(first.state, 'acquired');
  assert.equal(second.state, 'waiting');
  assert.notEqual(first.id, second.id);
  const guard = await first.promise;
  assert.ok(guard instanceof Guard);
  assert.equal(guard.id, first.id);
  assert.equal(first.promise, first.promise);
  guard.release();
  assert.equal(first.state, 'ended');
  assert.equal(second.state, 'acquired');
  assert.equal((await second.promise).id, second.id);
  (await second.promise).release();
  assert.ok(isFree(manager));
});

test('cancel ends what waits, and only that', async () => {
  const manager = new Manager();
  const holder = manager.enqueue({ write: 'a' });
  const waiter = manager.enqueue({ read: 'a' });
  const promise = waiter.promise;
  assert.equal(waiter.cancel(), true);
  assert.equal(waiter.state, 'ended');
  assert.equal(waiter.cancel(), false);
  await assert.rejects(promise, kind('OARLOCK_CANCELLED'));
  assert.equal(holder.cancel(), false, 'the grant won');
  assert.equal(holder.state, 'acquired');
  (await holder.promise).release();
  assert.equal(holder.cancel(), false);
  assert.ok(isFree(manager));
});

test('a cancelled request that nobody asked for rejects nothing', async () => {
  const manager = new Manager();
  const holder = manager.enqueue({ write: 'a' });
  // An unhandled rejection would fail this test.
  const waiter = manager.enqueue({ write: 'a' });
  waiter.cancel();
  await new Promise(setImmediate);
  await assert.rejects(waiter.promise, kind('OARLOCK_CANCELLED'));
  holder[Symbol.dispose]();
});

test('disposing cancels what waits and releases what is granted', async () => {
  const manager = new Manager();
  const holder = manager.enqueue({ write: 'a' });
  const second = manager.enqueue({ write: 'a' });
  const third = manager.enqueue({ write: 'a' });
  second[Symbol.dispose]();
  assert.equal(second.state, 'ended');
  holder[Symbol.dispose]();
  assert.equal(third.state, 'acquired');
  holder[Symbol.dispose]();
  second[Symbol.dispose]();
  assert.equal(third.state, 'acquired', 'disposing twice does nothing');
  await third[Symbol.asyncDispose]();
  assert.ok((await third.promise).released);
  assert.ok(isFree(manager));
});

test('a slot that is used again hears nothing of its earlier request', async () => {
  const manager = new Manager();
  const holder = manager.enqueue({ write: 'a' });
  for (let i = 0; i < 100; i++) {
    const gone = manager.enqueue({ write: 'a' });
    const kept = manager.enqueue({ write: 'a' });
    gone[i % 2 ? 'cancel' : Symbol.dispose]();
    const next = manager.enqueue({ write: 'b' });
    assert.equal(next.state, 'acquired');
    assert.equal(kept.state, 'waiting');
    next[Symbol.dispose]();
    kept.cancel();
  }
  holder[Symbol.dispose]();
  assert.ok(isFree(manager));
});

test('a Pending is not made by hand', () => {
  assert.throws(() => new Pending(), kind('OARLOCK_INVALID_ARGUMENT'));
});
