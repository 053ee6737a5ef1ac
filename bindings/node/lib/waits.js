'use strict';

// A request that waits, and the promise for it.

const { hold, letGo } = require('./alive.js');
const { OarlockError } = require('./errors.js');
const { Guard, GRANT } = require('./guard.js');
const { OUTCOME } = require('./mail.js');
const { shared } = require('./native.js');
const { cancel } = require('./requests.js');
const { unwatch, watch } = require('./signals.js');
const { giveBack } = require('./slots.js');

/** setTimeout takes no more than this many ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The error for how a wait ended, other than by a grant. */
function ending(outcome) {
  return outcome === OUTCOME.CLOSED
    ? new OarlockError('OARLOCK_CLOSED', 'the manager is closed')
    : new OarlockError('OARLOCK_CANCELLED', 'the request was cancelled');
}

/**
 * One waiting `acquire`. Of grant, timeout and abort exactly one wins, decided
 * in the core: a timer or signal that comes second changes nothing.
 */
class Wait {
  /** The husk of the slot; null once settled, for then others may have it. */
  #husk;
  #holds;
  #resolve;
  #reject;
  #timer;
  #signal;
  #onAbort;

  /** `isShared`: whether another thread could grant this. */
  constructor(husk, isShared, timeout, signal, resolve, reject) {
    this.#husk = husk;
    // Nobody but this thread could grant a wait on a manager without a name, so
    // when the thread has nothing else to do the process may as well end. But a
    // signal may come from where nothing keeps the process alive, as that of
    // AbortSignal.timeout() does.
    this.#holds = isShared || signal !== undefined;
    this.#resolve = resolve;
    this.#reject = reject;
    shared.waits[husk.slot] = this;
    if (this.#holds) hold();
    if (timeout !== undefined) this.#startTimer(timeout);
    if (signal !== undefined) this.#watch(signal);
  }

  /** The outcome has come. */
  end(outcome) {
    const husk = this.#husk;
    this.#husk = null;
    if (outcome === OUTCOME.GRANTED) {
      this.#resolve(new Guard(GRANT, husk));
    } else {
      giveBack(husk);
      this.#reject(ending(outcome));
    }
    this.#stop();
  }

  /** The caller gives up, unless the grant came first. */
  #give(reason) {
    if (this.#husk === null) return;
    cancel(this.#husk, () => {
      this.#husk = null;
      this.#reject(reason);
      this.#stop();
    });
  }

  // The signal may be any object with the interface, and its code may throw.
  #watch(signal) {
    this.#signal = signal;
    this.#onAbort = () => {
      try {
        this.#give(signal.reason);
      } catch (error) {
        this.#give(error);
      }
    };
    try {
      watch(signal, this.#onAbort);
      // Aborted while the claims were read, by a getter among them.
      if (signal.aborted) this.#onAbort();
    } catch (error) {
      this.#give(error);
    }
  }

  #startTimer(timeout) {
    const now = Math.min(timeout, LONGEST_TIMER);
    const later = timeout - now;
    this.#timer = setTimeout(() => {
      if (later > 0) this.#startTimer(later);
      else this.#give(new OarlockError('OARLOCK_TIMEOUT', 'the lock was not granted in time'));
    }, Math.ceil(now));
  }

  #stop() {
    if (this.#holds) letGo();
    clearTimeout(this.#timer);
    if (this.#signal !== undefined) unwatch(this.#signal, this.#onAbort);
  }
}

module.exports = { Wait, ending };
