'use strict';

const { hold, letGo } = require('./alive.js');
const { invalid } = require('./errors.js');
const { Guard, GRANT, wide } = require('./guard.js');
const { OUTCOME } = require('./mail.js');
const { shared, WORD } = require('./native.js');
const { cancel, release, state } = require('./requests.js');
const { giveBack } = require('./slots.js');
const { ending } = require('./waits.js');

const { words } = shared;

/** Passed by those who may make pending requests. */
const ENQUEUED = Symbol('enqueued');

/** A request that has its place in the queue. See index.d.ts. */
class Pending {
  /** The husk of the slot while the request waits; null once its outcome came. */
  #husk = null;
  #guard = null;
  #error = null;
  #isShared;
  /** Promise and its functions, once somebody asked for it: a rejection that
   * nobody asked for must not end the process. */
  #promise = null;
  #resolve;
  #reject;
  #idLow = words[WORD.ID];
  #idHigh = words[WORD.ID + 1];

  /** `isShared`: whether another thread could grant this. */
  constructor(enqueued, husk, waits, isShared) {
    if (enqueued !== ENQUEUED) throw invalid('a Pending comes from enqueue');
    this.#isShared = isShared;
    if (waits) {
      this.#husk = husk;
      shared.waits[husk.slot] = { end: (outcome) => this.#end(outcome) };
    } else {
      this.#guard = new Guard(GRANT, husk);
    }
  }

  get id() {
    return wide(this.#idHigh, this.#idLow);
  }

  get state() {
    if (this.#husk !== null) return state(this.#husk);
    return this.#guard !== null && !this.#guard.released ? 'acquired' : 'ended';
  }

  get promise() {
    if (this.#promise !== null) return this.#promise;
    if (this.#guard !== null) {
      this.#promise = Promise.resolve(this.#guard);
    } else if (this.#error !== null) {
      this.#promise = Promise.reject(this.#error);
    } else {
      this.#promise = new Promise((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
      });
      if (this.#isShared) hold();
    }
    return this.#promise;
  }

  cancel() {
    const husk = this.#husk;
    return husk !== null && cancel(husk, () => this.#settle(OUTCOME.CANCELLED));
  }

  [Symbol.dispose]() {
    const husk = this.#husk;
    if (husk !== null) {
      shared.waits[husk.slot] = undefined;
      this.#settle(OUTCOME.CANCELLED);
      release(husk);
    } else {
      this.#guard?.[Symbol.dispose]();
    }
  }

  async [Symbol.asyncDispose]() {
    this[Symbol.dispose]();
  }

  get [Symbol.toStringTag]() {
    return 'Pending';
  }

  /** The outcome has come. */
  #end(outcome) {
    if (outcome === OUTCOME.GRANTED) this.#guard = new Guard(GRANT, this.#husk);
    else giveBack(this.#husk);
    this.#settle(outcome);
  }

  #settle(outcome) {
    this.#husk = null;
    if (outcome !== OUTCOME.GRANTED) this.#error = ending(outcome);
    if (this.#promise === null) return;
    if (this.#isShared) letGo();
    if (this.#guard !== null) this.#resolve(this.#guard);
    else this.#reject(this.#error);
  }
}

module.exports = { Pending, ENQUEUED };
