'use strict';

// Outcomes of requests that waited, from whatever thread ended them.

const { addon, call, shared, WORD } = require('./native.js');

/** What `addon.take` answers. */
const OUTCOME = Object.freeze({ NONE: 0, GRANTED: 1, CANCELLED: 2, CLOSED: 3 });

const { waits, words } = shared;

/**
 * Tells every wait whose outcome has come. Never leaves mail behind: the mailbox
 * rings again only after it was found empty.
 */
function drain() {
  for (;;) {
    const outcome = call(addon.take);
    if (outcome === OUTCOME.NONE) return;
    const slot = words[WORD.SLOT];
    const wait = waits[slot];
    waits[slot] = undefined;
    try {
      wait.end(outcome);
    } catch (error) {
      // Of a signal that is no AbortSignal. Whoever caused the outcome has
      // nothing to do with it.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

shared.drain = drain;

module.exports = { OUTCOME, drain };
