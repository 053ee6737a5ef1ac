// Several clients stamp the files of a real directory tree, through one server:
//
//   oarlock serve        (listens on 127.0.0.1:9009 unless told otherwise)
//   node demo.mjs --files LIST [--seconds S] [--workers N] [--no-locks] [--progress]
//                 [--url ws://HOST:PORT]
//
// LIST holds the relative paths of the files, each ended by a NUL byte, as
// `find . -type f -printf '%P\0'` writes them. Only their names are used: the
// stamps are in memory, and no file is opened. The clients run in one process so
// that they can share the stamps; for the server that makes no difference.

import { setImmediate, setTimeout } from 'node:timers/promises';

import client from '@locktopus/client';
import { WebSocket } from 'ws';

import { Tree, flags, loadFiles, report, roll } from '../node/files.mjs';

const { LOCK_TYPE, LocktopusClient } = client;

const options = flags({ url: { type: 'string', default: 'ws://127.0.0.1:9009' } });
const tree = new Tree(loadFiles(options.files));
const counts = { reads: 0, writes: 0, torn: 0 };
let stop = false;

/** Paths travel as lists of segments. */
function claim(type, { path }) {
  return { type, path: path.split('/') };
}

/** One client: a connection, which holds one lock at a time. */
async function connect() {
  const connection = new LocktopusClient(WebSocket, `${options.url}/v1?namespace=demo`);
  await connection.connect();
  await connection.onConnectionClose(({ code, reason }) => {
    if (!stop) fail(new Error(`the server closed the connection: ${code} ${reason}`));
  });
  return {
    async acquire(...claims) {
      // False: it waits in the queue, and the server will send word.
      if (!(await connection.lock(...claims))) await connection.acquire();
    },
    release: () => connection.release(),
    close: () => connection.close(),
  };
}

/** In place of a client, when no locks are taken. */
const nobody = { acquire: () => setImmediate(), release() {}, close() {} };

/** Writes and reads by turns of a coin until it is told to stop. */
async function work(locks) {
  while (!stop) {
    if (roll(0, 1) === 0) {
      // Write claims on one to three places, granted together or not at all: no
      // order to keep to, and no deadlock.
      const places = Array.from({ length: roll(1, 3) }, () => tree.pick(roll(0, 3)));
      await locks.acquire(...places.map((place) => claim(LOCK_TYPE.WRITE, place)));
      const stamp = roll(1, 0x7fff_ffff);
      tree.stamp(tree.first, places, stamp);
      await setImmediate(); // the pause in which somebody could look
      tree.stamp(tree.second, places, stamp);
      await locks.release();
      counts.writes += 1;
    } else {
      // A read claim on one folder covers all that lies below it.
      const place = tree.pick(roll(1, 3));
      await locks.acquire(claim(LOCK_TYPE.READ, place));
      if (tree.isTorn(place)) counts.torn += 1;
      await locks.release();
      counts.reads += 1;
    }
  }
  locks.close();
}

function fail(error) {
  console.error(`websocket/demo.mjs: ${error.message}`);
  process.exit(1);
}

const clients = await Promise.all(
  Array.from({ length: options.workers }, () => (options.locks ? connect() : nobody)),
).catch(fail);
const start = performance.now();
const working = Promise.all(clients.map(work));
working.catch(fail);
while (performance.now() - start < options.milliseconds) {
  await setTimeout(100);
  if (options.progress) report(counts, start);
}
stop = true;
await working;
report(counts, start);
