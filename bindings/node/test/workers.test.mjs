// Managers that worker threads share, and workers that end in the middle.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Manager } from '../index.mjs';
import { isFree, kind, startWorker, until } from './helpers.mjs';

test('a lock of one thread keeps another out, and its release lets it in', async () => {
  const data = { name: 'workers: there and back', path: 'a/b' };
  const manager = Manager.named(data.name);
  const guard = await manager.acquire({ write: 'a' });
  // It has nothing else to do: only the wait keeps it alive.
  const { next, exited } = startWorker('wait.mjs', data);
  assert.equal(await next(), 'waiting');
  assert.equal(manager.tryAcquire({ read: 'a' }), null);
  guard.release();
  assert.ok((await next()) > guard.token, 'tokens grow across threads');
  await exited;
  assert.ok(isFree(manager));
});

test('a release in a worker grants what waits here', async () => {
  const data = { name: 'workers: from there', path: 'a' };
  const manager = Manager.named(data.name);
  const { worker, next, exited } = startWorker('hold.mjs', data);
  const token = await next();
  const pending = manager.enqueue({ write: 'a/b' });
  const waiting = [manager.acquire({ read: 'a' }), manager.acquire({ read: '' }, { timeout: 60_000 })];
  assert.equal(pending.state, 'waiting');
  worker.postMessage('release');
  const guard = await pending.promise;
  assert.ok(guard.token > token);
  guard.release();
  for (const reader of await Promise.all(waiting)) reader.release();
  await exited;
  assert.ok(isFree(manager));
});

for (const how of ['exit', 'end', 'terminate']) {
  test(`a worker that holds and ends (${how}) releases`, async () => {
    const data = { name: `workers: ${how}`, path: 'a' };
    const manager = Manager.named(data.name);
    const { worker, next } = startWorker('hold.mjs', data);
    await next();
    const waiting = manager.acquire({ write: 'a' });
    assert.equal(manager.tryAcquire({ read: 'a' }), null);
    if (how === 'terminate') await worker.terminate();
    else worker.postMessage(how);
    (await waiting).release();
    assert.ok(isFree(manager));
  });
}

test('a worker that is terminated while it waits leaves the queue', async () => {
  const data = { name: 'workers: terminated waiter', path: 'a' };
  const manager = Manager.named(data.name);
  const reader = await manager.acquire({ read: 'a' });
  const { worker, next } = startWorker('wait.mjs', data);
  await next();
  const second = manager.acquire({ read: 'a' });
  assert.equal(manager.tryAcquire({ read: 'a' }), null, 'behind the writer of the worker');
  await worker.terminate();
  (await second).release();
  reader.release();
  assert.ok(isFree(manager));
});

test('a grant on its way to a worker that is terminated is released', async () => {
  const data = { name: 'workers: late grant', path: 'a' };
  const manager = Manager.named(data.name);
  for (let round = 0; round < 10; round++) {
    const guard = await manager.acquire({ write: 'a' });
    const { worker, next } = startWorker('wait.mjs', data);
    await next();
    const terminated = worker.terminate();
    guard.release();
    await terminated;
    assert.ok(isFree(manager), `round ${round}`);
  }
});

test('twenty workers terminated in the middle leave nothing behind', async () => {
  const name = 'workers: twenty';
  const manager = Manager.named(name);
  for (let round = 0; round < 3; round++) {
    const workers = Array.from({ length: 20 }, () => startWorker('busy.mjs', { name }));
    // Those that come late may find everything taken for good: no need to wait
    // for all of them to get a lock.
    await Promise.race(workers.map(({ next }) => next()));
    const mine = manager.acquire({ write: '' });
    await Promise.all(
      workers.map(async ({ worker }, i) => {
        await sleep(i % 7);
        await worker.terminate();
      }),
    );
    (await mine).release();
    assert.ok(isFree(manager), `round ${round}`);
  }
});

test('of a grant in one thread and a timeout or abort in another exactly one wins', async () => {
  const name = 'workers: race';
  const manager = Manager.named(name);
  const { worker, next, exited } = startWorker('race.mjs', { name });
  await next();
  const counts = { granted: 0, ended: 0 };
  const enough = () => counts.granted >= 50 && counts.ended >= 50;
  const deadline = performance.now() + 60_000;
  for (let i = 0; !enough() && performance.now() < deadline; i++) {
    const control = new AbortController();
    const options = i % 2 ? { timeout: i % 3 } : { signal: control.signal };
    const waiting = manager.acquire({ write: 'a/b' }, options);
    if (i % 4 === 0) control.abort('stop');
    else setImmediate(() => control.abort('stop'));
    try {
      const guard = await waiting;
      assert.equal(manager.tryAcquire({ read: 'a' }), null, 'it is held');
      guard.release();
      counts.granted++;
    } catch (error) {
      if (error !== 'stop') kind('OARLOCK_TIMEOUT')(error);
      counts.ended++;
    }
  }
  assert.ok(enough(), JSON.stringify(counts));
  worker.postMessage('stop');
  await exited;
  await until(() => isFree(manager), 'nothing is left');
});

test('closing here ends what waits there', async () => {
  const data = { name: 'workers: closed', path: 'a' };
  const manager = Manager.named(data.name);
  const guard = await manager.acquire({ write: 'a' });
  const { worker, next } = startWorker('wait.mjs', data);
  await next();
  manager.close();
  const [error] = await once(worker, 'error');
  assert.equal(error.code, 'OARLOCK_CLOSED');
  guard.release();
});
