'use strict';

// The native half, and what this environment (the main thread or a worker)
// shares with it. How the two work together is told in src/lib.rs.

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

const addon = load();

// Asked first, because a test runner may load this file twice in one environment.
const shared = addon.attached() ?? begin();

function load() {
  const file = `../oarlock.${process.platform}-${process.arch}.node`;
  try {
    return require(file);
  } catch (cause) {
    throw new OarlockError(
      'OARLOCK_NOT_BUILT',
      `the native module of oarlock for ${process.platform}-${process.arch} cannot be loaded; ` +
        `\`npm rebuild oarlock\` builds it and needs Rust's cargo (${cause.message})`,
      { cause },
    );
  }
}

function begin() {
  const bytes = new Uint8Array(FRAME);
  const state = {
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
  addon.attach(bytes, () => state.drain(), state);
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
