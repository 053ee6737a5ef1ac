// @locktopus/client as npm has it: it must work unchanged.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test as base } from 'node:test';
import { LocktopusClient } from '@locktopus/client';
import { WebSocket } from 'ws';
import { serve } from './server.mjs';

const write = (...path) => ({ type: 'write', path });
const read = (...path) => ({ type: 'read', path });

// A test that hangs is a failure, not a wait.
const test = (name, body) => base(name, { timeout: 30_000 }, body);

/** Makes connected clients of one server and closes them with the test. */
async function clients(test, ...flags) {
  const address = await serve(test, ...flags);
  return async (options = {}) => {
    const client = new LocktopusClient(WebSocket, {
      ...address,
      namespace: 'n',
      secure: false,
      ...options,
    });
    await client.connect();
    test.after(() => client.close());
    return client;
  };
}

test('a free lock is acquired, released and taken again', async (t) => {
  const client = await (await clients(t))();
  assert.equal(client.getState(), 'ready');
  assert.equal(await client.lock(write('a', 'b'), read('c')), true);
  assert.equal(client.isAcquired(), true);
  const id = client.getLockId();
  assert.match(id, /^\d+$/);
  assert.equal(await client.acquire(), true);
  await client.release();
  assert.equal(client.getState(), 'ready');
  assert.equal(await client.lock(read()), true);
  assert.ok(BigInt(client.getLockId()) > BigInt(id));
});

test('a conflicting lock waits its turn', async (t) => {
  const connect = await clients(t);
  const [first, second, third] = [await connect(), await connect(), await connect()];
  assert.equal(await first.lock(write('a', 'b')), true);
  assert.equal(await second.lock(write('a')), false);
  assert.equal(await third.lock(read('a', 'b', 'c')), false);
  assert.equal(second.getState(), 'enqueued');
  const order = [];
  const turns = [
    second.acquire().then((got) => order.push(['second', got])),
    third.acquire().then((got) => order.push(['third', got])),
  ];
  await first.release();
  await turns[0];
  await second.release();
  await turns[1];
  assert.deepEqual(order, [['second', true], ['third', true]]);
});

test('readers share', async (t) => {
  const connect = await clients(t);
  for (let readers = 0; readers < 3; readers += 1) {
    assert.equal(await (await connect()).lock(read('a'), read('b')), true);
  }
});

test('a release while enqueued ends the wait and lets others in', async (t) => {
  const connect = await clients(t);
  const [reader, writer, next] = [await connect(), await connect(), await connect()];
  await reader.lock(read('a'));
  assert.equal(await writer.lock(write('a')), false);
  assert.equal(await next.lock(read('a')), false);
  const waiting = writer.acquire();
  const turn = next.acquire();
  await writer.release();
  assert.equal(await waiting, false);
  assert.equal(await turn, true);
  assert.equal(await writer.lock(read('a')), true);
});

test('a release that races its grant is no protocol error', async (t) => {
  const connect = await clients(t);
  const [holder, waiter] = [await connect(), await connect()];
  for (let round = 0; round < 200; round += 1) {
    await holder.lock(write('a'));
    assert.equal(await waiter.lock(write('a')), false);
    await Promise.all([holder.release(), waiter.release()]);
    assert.equal(waiter.getState(), 'ready');
  }
});

test('many clients work through one lock', async (t) => {
  const connect = await clients(t);
  const all = await Promise.all(Array.from({ length: 16 }, () => connect()));
  let inside = 0;
  let done = 0;
  await Promise.all(
    all.map(async (client) => {
      for (let round = 0; round < 20; round += 1) {
        if (!(await client.lock(write('a')))) await client.acquire();
        inside += 1;
        assert.equal(inside, 1);
        await new Promise(setImmediate);
        inside -= 1;
        done += 1;
        await client.release();
      }
    }),
  );
  assert.equal(done, 320);
});

test('a lock is kept for the abandon timeout of a client that closed', async (t) => {
  const connect = await clients(t);
  const holder = await connect({ abandonTimeoutMs: 100 });
  const next = await connect();
  await holder.lock(write('a'));
  assert.equal(await next.lock(write('a')), false);
  holder.close();
  assert.equal(await next.acquire(), true);
  await holder.connect();
  assert.equal(await holder.lock(write('b')), true);
});

test('a client is told what was wrong and does not hang', async (t) => {
  const client = await (await clients(t))();
  const messages = [];
  client.onMessage(({ direction, data }) => direction === 'in' && messages.push(data));
  const closed = once(client.ws, 'close');
  await assert.rejects(client.lock({ type: 'append', path: ['a'] }), /action: error/);
  assert.match(JSON.parse(messages[0]).error, /unknown type "append"/);
  const [code, reason] = await closed;
  assert.equal(code, 3000);
  assert.match(String(reason), /unknown type/);
  await assert.rejects(client.lock(write('a')), /code 3000/);
});

test('a message over the limit is refused while it is sent', async (t) => {
  const client = await (await clients(t))();
  const closed = once(client.ws, 'close');
  const big = 'x'.repeat(100_000_000);
  await assert.rejects(client.lock(write(big)), /action: error/);
  assert.equal((await closed)[0], 3000);
});

test('bad parameters and foreign pages fail the handshake', async (t) => {
  const connect = await clients(t);
  await assert.rejects(connect({ namespace: '' }), /400/);
  await assert.rejects(connect({ abandonTimeoutMs: -1 }), /400/);
  class Page extends WebSocket {
    constructor(url) {
      super(url, { origin: 'https://evil.example' });
    }
  }
  const address = await serve(t);
  const page = new LocktopusClient(Page, `ws://${address.host}:${address.port}/v1?namespace=n`);
  await assert.rejects(page.connect(), /403/);
});

test('an idle client stays connected', async (t) => {
  const connect = await clients(t, '--ping-interval-ms', '50', '--ping-timeout-ms', '10000');
  const client = await connect();
  await client.lock(write('a'));
  for (let pings = 0; pings < 3; pings += 1) await once(client.ws, 'ping');
  await client.release();
});

test('distinct names are distinct locks', async (t) => {
  const connect = await clients(t);
  const names = ['', '/', 'a/b', '\0', '\ud800', '\ud801', '\udc00', '\ufffd', '\ud83d\ude00', 'é'];
  for (const name of names) {
    assert.equal(await (await connect()).lock(write('p', name)), true, JSON.stringify(name));
  }
  for (const name of names) {
    assert.equal(await (await connect()).lock(write('p', name)), false, JSON.stringify(name));
  }
});

test('namespaces are apart', async (t) => {
  const connect = await clients(t);
  for (const namespace of ['a', 'b', 'a b', 'a/b', 'é', '%26']) {
    assert.equal(await (await connect({ namespace })).lock(write()), true, namespace);
  }
});
