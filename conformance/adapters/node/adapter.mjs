// Plays conformance scenarios through the Node binding: reads commands, one a
// line, and answers each with a line. The protocol is told in
// conformance/driver/src/wire.rs.

import { createInterface } from 'node:readline';
import { Manager, OarlockError } from '../../../bindings/node/index.mjs';

let manager = new Manager();
let locks = new Map();

/** `s61/s62` is the path of two segments; `-` is the root. */
function path(text) {
  if (text === '-') return [];
  return text.split('/').map((segment) => Buffer.from(segment.slice(1), 'hex'));
}

/** `r:PATH` and `w:PATH`. Another mode is passed on, for the library to refuse. */
function claims(words) {
  const result = {};
  for (const word of words) {
    const colon = word.indexOf(':');
    const mode = { r: 'read', w: 'write' }[word.slice(0, colon)] ?? word.slice(0, colon);
    (result[mode] ??= []).push(path(word.slice(colon + 1)));
  }
  return result;
}

const commands = {
  new() {
    manager = new Manager();
    locks = new Map();
    return 'ok';
  },
  lock(name, ...words) {
    const pending = manager.enqueue(claims(words));
    locks.set(name, pending);
    return pending.state;
  },
  unlock(name) {
    const pending = locks.get(name);
    if (pending === undefined) return 'error stale';
    locks.delete(name);
    pending[Symbol.dispose]();
    return 'ok';
  },
  state(name) {
    return locks.get(name)?.state ?? 'error stale';
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = line.split(' ');
  let reply;
  try {
    reply = Object.hasOwn(commands, command)
      ? commands[command](...words)
      : 'error unknown-command';
  } catch (error) {
    if (!(error instanceof OarlockError)) throw error;
    // OARLOCK_NO_CLAIMS is no-claims.
    reply = `error ${error.code.replace('OARLOCK_', '').replaceAll('_', '-').toLowerCase()}`;
  }
  process.stdout.write(`${reply}\n`);
}
