// Many worker threads stamp the files of a real directory tree, through one named
// manager.
//
//   node demo.mjs --files LIST [--seconds S] [--workers N] [--no-locks] [--progress]
//
// LIST holds the relative paths of the files, each ended by a NUL byte, as
// `find . -type f -printf '%P\0'` writes them. Only their names are used: the
// stamps are in memory, and no file is opened.

import { once } from 'node:events';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

import { Manager } from 'oarlock';

import { Tree, flags, loadFiles, report, roll } from './files.mjs';

if (isMainThread) await main();
else await work(workerData);

/** Starts the workers, lets them run, and adds up what they counted. */
async function main() {
  const options = flags();
  const tree = new Tree(loadFiles(options.files));
  // What all threads see: the stamps, and what follows.
  const counts = new BigInt64Array(new SharedArrayBuffer(3 * 8)); // reads, writes, torn
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const shared = { files: tree.files, memory: tree.memory, counts, stop, locks: options.locks };
  const workers = Array.from(
    { length: options.workers },
    () => new Worker(new URL(import.meta.url), { workerData: shared }),
  );
  const ended = Promise.all(workers.map((worker) => once(worker, 'exit'))); // or its error
  await Promise.all([...workers.map((worker) => once(worker, 'message'))]);

  const start = performance.now();
  const show = () => {
    const [reads, writes, torn] = [0, 1, 2].map((i) => Number(Atomics.load(counts, i)));
    report({ reads, writes, torn }, start);
  };
  for (const worker of workers) worker.postMessage('go');
  while (performance.now() - start < options.milliseconds) {
    await Promise.race([setTimeout(100), ended]);
    if (options.progress) show();
  }
  Atomics.store(stop, 0, 1);
  await ended;
  show();
}

/** One worker: writes and reads by turns of a coin until it is told to stop. */
async function work({ files, memory, counts, stop, locks }) {
  const tree = new Tree(files, memory);
  // The same name gives the same manager in every thread of the process.
  const manager = Manager.named('the files');
  const acquire = async (claims) => (locks ? manager.acquire(claims) : undefined);

  parentPort.postMessage('ready');
  await once(parentPort, 'message');
  while (Atomics.load(stop, 0) === 0) {
    if (roll(0, 1) === 0) {
      // Write claims on one to three places, granted together or not at all: no
      // order to keep to, and no deadlock.
      const places = Array.from({ length: roll(1, 3) }, () => tree.pick(roll(0, 3)));
      const guard = await acquire({ write: places.map((place) => place.path) });
      try {
        const stamp = roll(1, 0x7fff_ffff);
        tree.stamp(tree.first, places, stamp);
        await setImmediate(); // the pause in which somebody could look
        tree.stamp(tree.second, places, stamp);
      } finally {
        guard?.release(); // `using guard = …` does this where the language has it
      }
      Atomics.add(counts, 1, 1n);
    } else {
      // A read claim on one folder covers all that lies below it.
      const place = tree.pick(roll(1, 3));
      const guard = await acquire({ read: [place.path] });
      try {
        if (tree.isTorn(place)) Atomics.add(counts, 2, 1n);
      } finally {
        guard?.release();
      }
      Atomics.add(counts, 0, 1n);
    }
  }
}
