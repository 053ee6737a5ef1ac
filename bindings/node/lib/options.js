'use strict';

const { OarlockError, invalid, shown } = require('./errors.js');

/** The last moment that the language can name, in ms since 1970. */
const LAST_MOMENT = 8.64e15;

/** Refuses what is no object, and keys that mean nothing (a slip would be lost). */
function check(options, what, known) {
  if (options === null || typeof options !== 'object') {
    throw invalid(`${what} must be an object, not ${shown(options)}`);
  }
  for (const key in options) {
    if (!known.includes(key)) {
      throw invalid(`${shown(key)} is none of ${what}: use ${known.join(', ')}`);
    }
  }
}

/** Refuses a timeout that is none. */
function checkTimeout(timeout) {
  if (typeof timeout !== 'number' || Number.isNaN(timeout)) {
    throw new OarlockError(
      'OARLOCK_INVALID_TIMEOUT',
      `timeout must be a number of milliseconds, not ${shown(timeout)}`,
    );
  }
  if (timeout < 0) {
    throw new OarlockError('OARLOCK_NEGATIVE_TIMEOUT', `timeout must be 0 ms or more, not ${timeout}`);
  }
  if (timeout > LAST_MOMENT - Date.now()) {
    throw new OarlockError(
      'OARLOCK_TIMEOUT_TOO_LARGE',
      `a timeout of ${timeout} ms is too large to add to now; leave it out to wait for as long as it takes`,
    );
  }
}

/** Refuses a signal that is none. Any object with the interface is one. */
function checkSignal(signal) {
  if (
    signal === null ||
    typeof signal !== 'object' ||
    typeof signal.aborted !== 'boolean' ||
    typeof signal.addEventListener !== 'function' ||
    typeof signal.removeEventListener !== 'function'
  ) {
    throw invalid(`signal must be an AbortSignal, not ${shown(signal)}`);
  }
}

/** Timeout and signal of an acquire. */
function acquireOptions(options) {
  check(options, 'the options of acquire', ['timeout', 'signal']);
  const { timeout, signal } = options;
  if (timeout !== undefined) checkTimeout(timeout);
  if (signal !== undefined) checkSignal(signal);
  return { timeout, signal };
}

const LIMITS = ['maxClaims', 'maxSegments', 'maxRequestSegments', 'maxPathBytes'];

/** The limits of a new manager. */
function managerOptions(options) {
  check(options, 'the options of a manager', LIMITS);
  return LIMITS.map((name) => {
    const limit = options[name];
    if (limit !== undefined && !(Number.isInteger(limit) && limit >= 0 && limit < 2 ** 32)) {
      throw invalid(`${name} must be a whole number from 0 to ${2 ** 32 - 1}, not ${shown(limit)}`);
    }
    return limit;
  });
}

module.exports = { acquireOptions, managerOptions };
