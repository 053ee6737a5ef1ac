'use strict';

const { OarlockError, invalid, shown } = require('./errors.js');
const { Guard, GRANT } = require('./guard.js');
const { drain } = require('./mail.js');
const { addon, call, shared, WORD } = require('./native.js');
const { acquireOptions, managerOptions } = require('./options.js');
const { ENQUEUED, Pending } = require('./pending.js');
const { submit, waits } = require('./requests.js');
const { Wait } = require('./waits.js');

const { words } = shared;

shared.forgottenManagers ??= new FinalizationRegistry((number) => addon.forgetManager(number));

/** Passed by `named`: what follows is a number. */
const NUMBERED = Symbol('numbered');

/** A lock manager. See index.d.ts. */
class Manager {
  #number;
  #name;

  constructor(options = {}, number, name) {
    if (options !== NUMBERED) {
      const limits = managerOptions(options);
      number = call(() => addon.createManager(...limits));
    }
    this.#number = number;
    this.#name = name;
    shared.forgottenManagers.register(this, this.#number);
  }

  static named(name) {
    if (typeof name !== 'string' || !name.isWellFormed()) {
      throw invalid(`a manager's name must be a string of whole characters, not ${shown(name)}`);
    }
    return new Manager(NUMBERED, call(addon.namedManager, name), name);
  }

  get name() {
    return this.#name;
  }

  get closed() {
    words[WORD.MANAGER] = this.#number;
    return call(addon.isClosed) === 1;
  }

  // Not an async function: the uncontended way makes one promise, already kept.
  acquire(claims, options) {
    try {
      let timeout;
      let signal;
      if (options !== undefined) {
        ({ timeout, signal } = acquireOptions(options));
        if (signal?.aborted) return Promise.reject(signal.reason);
      }
      const husk = submit(this.#number, claims, timeout !== 0);
      if (husk === null) {
        throw new OarlockError('OARLOCK_TIMEOUT', 'the lock is not free now, and the timeout is 0');
      }
      if (!waits()) return Promise.resolve(new Guard(GRANT, husk));
      const isShared = this.#name !== undefined;
      return new Promise((resolve, reject) => {
        new Wait(husk, isShared, timeout, signal, resolve, reject);
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  tryAcquire(claims, ...rest) {
    if (rest.length > 0) throw invalid('tryAcquire takes claims only, since it never waits');
    const husk = submit(this.#number, claims, false);
    return husk === null ? null : new Guard(GRANT, husk);
  }

  enqueue(claims, ...rest) {
    if (rest.length > 0) throw invalid('enqueue takes claims only; cancel the Pending it gives');
    const husk = submit(this.#number, claims, true);
    return new Pending(ENQUEUED, husk, waits(), this.#name !== undefined);
  }

  close() {
    words[WORD.MANAGER] = this.#number;
    words[WORD.MAIL] = 0;
    call(addon.close);
    if (words[WORD.MAIL] !== 0) drain();
  }

  get [Symbol.toStringTag]() {
    return 'Manager';
  }
}

module.exports = { Manager };
