// Plays conformance scenarios through the Node binding: reads commands, one a
// line, and answers each with a line. The protocol is told in
// conformance/driver/src/wire.rs.

import { createInterface } from 'node:readline';
import { Manager, OarlockError } from '../../../bindings/node/index.mjs';

let manager = new Manager();
let locks = new Map();

/** Bytes as a string: UTF-8, where three bytes may also be half a surrogate pair. */
function text(bytes) {
  const halves = /\xed([\xa0-\xbf])([\x80-\xbf])/;
  // Latin-1 makes a letter of each byte. Of each three parts, the last two are a half's bytes.
  return bytes
    .toString('latin1')
    .split(halves)
    .map((part, index, parts) => {
      if (index % 3 === 0) return Buffer.from(part, 'latin1').toString();
      if (index % 3 === 2) return '';
      const [high, low] = [part, parts[index + 1]].map((byte) => byte.charCodeAt(0) & 0x3f);
      return String.fromCharCode(0xd000 | (high << 6) | low);
    })
    .join('');
}

/** `s61/s62` is the path of two segments; `-` is the root. */
function path(word) {
  if (word === '-') return [];
  return word.split('/').map((segment) => Buffer.from(segment.slice(1), 'hex'));
}

const MODES = { r: 'read', w: 'write' };
const ENTRIES = { r: 'readEntry', w: 'writeEntry' };

/**
 * `r:PATH` and `w:PATH`; `s61/e` is the entry of `s61`. Another mode is passed on, for the library to refuse.
 * Writes name their paths with strings and reads with bytes: both have to mean the same.
 */
function claims(words) {
  const result = {};
  for (const word of words) {
    const colon = word.indexOf(':');
    const [letter, whole] = [word.slice(0, colon), word.slice(colon + 1)];
    const entry = /(^|\/)e$/.test(whole);
    const mode = (entry ? ENTRIES : MODES)[letter] ?? letter;
    const segments = path(entry ? whole.slice(0, -2) || '-' : whole);
    (result[mode] ??= []).push(letter === 'w' ? segments.map(text) : segments);
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
