// Closing a manager.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Manager } from '../index.mjs';
import { kind } from './helpers.mjs';

test('closing ends what waits and what comes, and leaves what is held', async () => {
  const manager = new Manager();
  const guard = await manager.acquire({ write: 'a' });
  const waiting = manager.acquire({ write: 'a' }, { timeout: 60_000 });
  const pending = manager.enqueue({ read: 'a' });
  assert.equal(manager.closed, false);
  manager.close();
  assert.equal(manager.closed, true);
  await assert.rejects(waiting, kind('OARLOCK_CLOSED'));
  assert.equal(pending.state, 'ended');
  await assert.rejects(pending.promise, kind('OARLOCK_CLOSED'));
  await assert.rejects(manager.acquire({ write: 'b' }), kind('OARLOCK_CLOSED'));
  await assert.rejects(manager.acquire({ write: 'b' }, { timeout: 0 }), kind('OARLOCK_CLOSED'));
  assert.throws(() => manager.tryAcquire({ write: 'b' }), kind('OARLOCK_CLOSED'));
  assert.throws(() => manager.enqueue({ write: 'b' }), kind('OARLOCK_CLOSED'));
  assert.equal(guard.released, false);
  guard.release();
  manager.close();
});

test('closing a named manager closes it for all, and a new one begins when it is gone', async () => {
  const manager = Manager.named('close.test');
  const other = Manager.named('close.test');
  other.close();
  assert.ok(manager.closed);
  await assert.rejects(manager.acquire({ write: 'b' }), kind('OARLOCK_CLOSED'));
});
