'use strict';

// The native half, and what this environment (the main thread or a worker)
// shares with it. How the two work together is told in src/lib.rs.

const path = require('node:path');

const { OarlockError, failure } = require('./errors.js');

/** Words of the frame's header, by position. src/frame.rs has the same table. */
const WORD = Object.freeze({
  MANAGER: 0,
  SLOT: 1,
  LENGTH: 2,
  MAIL: 3,
  ID: 4,
  TOKEN: 6,
});

/** Bytes before the claims. */
const HEADER = 32;

/** Bytes of the frame. Claims that are longer travel in a buffer of their own. */
const FRAME = 4096;

const FILE = path.join(__dirname, `../oarlock.${process.platform}-${process.arch}.node`);

// A test runner may load these files again in one thread, and perhaps the native
// module too. There must be one state all the same: it hangs on the process
// object, and on the module, since some runners make a process object of their own.
const STATE = Symbol.for(`oarlock ${FILE}`);
const shared = process[STATE] ?? (load()[STATE] || begin(load()));
const { addon } = shared;

function load() {
  try {
    return require(FILE);
  } catch (cause) {
    throw new OarlockError(
      'OARLOCK_NOT_BUILT',
      `the native module of oarlock for ${process.platform}-${process.arch} cannot be loaded ` +
        `(${cause.message}); \`node ${path.join(__dirname, '../scripts/build.mjs')}\` builds it`,
      { cause },
    );
  }
}

function begin(native) {
  const bytes = new Uint8Array(FRAME);
  const state = {
    addon: native,
    bytes,
    words: new Uint32Array(bytes.buffer, 0, HEADER / 4),
    /** Objects to use again, one for each slot that holds nothing. See slots.js. */
    husks: [],
    /** Slots whose husks were collected. */
    slots: [],
    /** The next slot that never was used. */
    nextSlot: 0,
    /** What waits, by slot. See waits.js. */
    waits: [],
    /** Called when the mailbox rings. Set by mail.js. */
    drain: () => {},
    /** Tells when a husk was collected, and when a manager was. Kept here, since
     * a registry that is itself collected tells nothing. */
    forgottenHusks: undefined,
    forgottenManagers: undefined,
  };
  native.attach(bytes, () => state.drain());
  for (const place of [process, native]) Object.defineProperty(place, STATE, { value: state });
  return state;
}

/** Calls a native function: its number, or its failure thrown. */
function call(native, argument) {
  let answer;
  try {
    answer = argument === undefined ? native() : native(argument);
  } catch (cause) {
    throw new OarlockError('OARLOCK_PANIC', `oarlock failed: ${cause.message}`, { cause });
  }
  if (typeof answer === 'string') throw failure(answer);
  return answer;
}

module.exports = { addon, call, shared, FRAME, HEADER, WORD };
