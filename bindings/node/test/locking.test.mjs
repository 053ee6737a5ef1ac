// What is granted, and in which order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Guard, Manager } from '../index.mjs';
import { isFree } from './helpers.mjs';

test('a write keeps others from the path, from above it and from below it', async () => {
  const manager = new Manager();
  const guard = await manager.acquire({ write: 'a/b' });
  assert.ok(guard instanceof Guard);
  for (const path of ['a/b', 'a', '', 'a/b/c']) {
    assert.equal(manager.tryAcquire({ read: path }), null, path);
    assert.equal(manager.tryAcquire({ write: path }), null, path);
  }
  for (const path of ['a/c', 'ab', 'b', 'a/bb']) {
    manager.tryAcquire({ write: path }).release();
  }
  guard.release();
  assert.ok(isFree(manager));
});

test('reads share', async () => {
  const manager = new Manager();
  const guards = await Promise.all(['a', 'a', 'a/b', ''].map((read) => manager.acquire({ read })));
  assert.equal(manager.tryAcquire({ write: 'a/b/c' }), null);
  for (const guard of guards) guard.release();
  assert.ok(isFree(manager));
});

test('several claims are granted all or not at all', async () => {
  const manager = new Manager();
  const held = await manager.acquire({ write: ['a', 'b'], read: ['c', 'd'] });
  assert.equal(manager.tryAcquire({ write: ['x', 'b'] }), null);
  manager.tryAcquire({ write: 'x', read: 'c' }).release();
  held.release();
  assert.ok(isFree(manager));
});

test('claims of one request do not conflict', async () => {
  const manager = new Manager();
  const guard = await manager.acquire({ write: ['a', 'a', 'a/b'], read: ['a', ''] });
  guard.release();
  assert.ok(isFree(manager));
});

test('conflicting requests are granted first in, first out', async () => {
  const manager = new Manager();
  const first = await manager.acquire({ write: 'a' });
  const order = [];
  const waiting = ['w1', 'w2', 'w3'].map((name) =>
    manager.acquire({ write: 'a' }).then((guard) => {
      order.push(name);
      guard.release();
    }),
  );
  first.release();
  await Promise.all(waiting);
  assert.deepEqual(order, ['w1', 'w2', 'w3']);
});

test('a read waits behind a write that waits, and one beside it does not', async () => {
  const manager = new Manager();
  const reader = await manager.acquire({ read: 'a' });
  const writer = manager.acquire({ write: 'a' });
  assert.equal(manager.tryAcquire({ read: 'a' }), null);
  manager.tryAcquire({ read: 'b' }).release();
  reader.release();
  (await writer).release();
  assert.ok(isFree(manager));
});

test('each later one of two conflicting requests has the greater token', async () => {
  const manager = new Manager();
  let last = 0n;
  for (let i = 0; i < 20; i++) {
    const guard = await manager.acquire({ write: i % 2 ? 'a' : '' });
    assert.equal(typeof guard.token, 'bigint');
    assert.ok(guard.token > last);
    last = guard.token;
    guard.release();
    assert.equal(guard.token, last, 'the token stays readable');
  }
});

test('thousands of requests wait and are served', async () => {
  const manager = new Manager();
  const first = await manager.acquire({ write: 'a' });
  let count = 0;
  const all = Array.from({ length: 5000 }, (_, i) =>
    manager.acquire(i % 3 ? { read: `a/${i % 7}` } : { write: `a/${i % 5}` }).then((guard) => {
      count++;
      guard.release();
    }),
  );
  first.release();
  await Promise.all(all);
  assert.equal(count, 5000);
  assert.ok(isFree(manager));
});

test('managers without names have nothing to do with each other', async () => {
  const guard = await new Manager().acquire({ write: '' });
  assert.ok(isFree(new Manager()));
  guard.release();
});

test('managers with one name are one', async () => {
  const manager = Manager.named('locking.test');
  assert.equal(manager.name, 'locking.test');
  assert.equal(new Manager().name, undefined);
  const guard = await manager.acquire({ write: 'a' });
  assert.equal(Manager.named('locking.test').tryAcquire({ write: 'a' }), null);
  assert.ok(isFree(Manager.named('locking.test 2')));
  guard.release();
  assert.ok(isFree(Manager.named('locking.test')));
});
