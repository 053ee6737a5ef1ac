'use strict';

// One listener a signal, however many requests wait with it: Node warns of a
// leak when a signal has more than ten. `signal.onabort` is never touched.

/** What to call for each signal that somebody waits with. */
const watched = new WeakMap();

/**
 * Calls `aborted` when the signal is aborted, until `unwatch`, which is due even
 * if this throws.
 */
function watch(signal, aborted) {
  const entry = watched.get(signal);
  if (entry !== undefined) {
    entry.callbacks.add(aborted);
    return;
  }
  const callbacks = new Set([aborted]);
  const listener = () => {
    for (const callback of callbacks) callback();
  };
  watched.set(signal, { callbacks, listener });
  signal.addEventListener('abort', listener);
}

/** Ends a `watch`; the listener goes with the last one. */
function unwatch(signal, aborted) {
  const entry = watched.get(signal);
  if (entry === undefined || !entry.callbacks.delete(aborted)) return;
  if (entry.callbacks.size > 0) return;
  watched.delete(signal);
  signal.removeEventListener('abort', entry.listener);
}

module.exports = { watch, unwatch };
