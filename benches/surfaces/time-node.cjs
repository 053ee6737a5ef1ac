// Times an uncontended acquire + release through the Node package, for
// scripts/bench.sh:
//
//     node time-node.cjs PACKAGE ROUNDS
//
// Prints one JSON object: for each case the nanoseconds of one pair, a number a
// round.
'use strict';
const path = require('node:path');

const { Manager } = require(path.resolve(process.argv[2]));
const rounds = Number(process.argv[3]);
const loops = 50_000;

const manager = new Manager();
const one = { write: 'user-00000000042' };
const three = { write: 'user-00000000042/documents/letter-000000001' };
const two = { write: ['user-00000000042', 'user-00000000043'] };
const reading = { read: 'user-00000000042' };

const trying = (claims) => () => {
  for (let i = 0; i < loops; i++) manager.tryAcquire(claims).release();
};
const awaiting = (claims) => async () => {
  for (let i = 0; i < loops; i++) (await manager.acquire(claims)).release();
};
const cases = {
  'tryAcquire, one segment': trying(one),
  'tryAcquire, three segments': trying(three),
  'tryAcquire, two claims': trying(two),
  'tryAcquire, read': trying(reading),
  'await acquire, one segment': awaiting(one),
  'await acquire, three segments': awaiting(three),
};

async function main() {
  const samples = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
  for (const run of Object.values(cases)) await run();
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(cases)) {
      const begin = process.hrtime.bigint();
      await run();
      samples[name].push(Number(process.hrtime.bigint() - begin) / loops);
    }
  }
  process.stdout.write(JSON.stringify(samples));
}

main();
