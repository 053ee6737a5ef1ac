'use strict';

const { OarlockError, invalid } = require('./errors.js');
const { shared, WORD } = require('./native.js');
const { release } = require('./requests.js');

const { words } = shared;

/** Passed by those who may make guards. */
const GRANT = Symbol('grant');

/** A granted request. See index.d.ts. */
class Guard {
  /** The husk of the slot (see slots.js); null once released. */
  #husk;
  // Two halves each: numbers are made faster than bigints, which few ask for.
  #idLow = words[WORD.ID];
  #idHigh = words[WORD.ID + 1];
  #tokenLow = words[WORD.TOKEN];
  #tokenHigh = words[WORD.TOKEN + 1];

  constructor(grant, husk) {
    if (grant !== GRANT) throw invalid('a Guard comes from acquire or tryAcquire');
    this.#husk = husk;
  }

  get id() {
    return wide(this.#idHigh, this.#idLow);
  }

  get token() {
    return wide(this.#tokenHigh, this.#tokenLow);
  }

  get released() {
    return this.#husk === null;
  }

  release() {
    if (!(#husk in this)) throw invalid('release must be called on a Guard');
    const husk = this.#husk;
    if (husk === null) throw new OarlockError('OARLOCK_STALE', 'the guard is released already');
    this.#husk = null;
    release(husk);
  }

  [Symbol.dispose]() {
    if (!this.released) this.release();
  }

  async [Symbol.asyncDispose]() {
    this[Symbol.dispose]();
  }

  get [Symbol.toStringTag]() {
    return 'Guard';
  }
}

function wide(high, low) {
  return (BigInt(high) << 32n) | BigInt(low);
}

module.exports = { Guard, GRANT, wide };
