'use strict';

// The ways into the native half that every request takes.

const { encode, length } = require('./encode.js');
const { drain } = require('./mail.js');
const { addon, call, shared, WORD } = require('./native.js');
const { borrow, giveBack } = require('./slots.js');

const { words } = shared;

/**
 * Submits claims. Gives the husk of the request's slot if it was granted or, if
 * it may, waits (`waits()` tells which, and the frame holds id and token);
 * null if it was refused because it would have had to wait.
 */
function submit(manager, claims, mayWait) {
  const long = encode(claims);
  const husk = borrow();
  words[WORD.MANAGER] = manager;
  words[WORD.SLOT] = husk.slot;
  try {
    if (long === null) {
      words[WORD.LENGTH] = length();
      answered = call(mayWait ? addon.enqueue : addon.tryAcquire);
    } else {
      answered = call(mayWait ? addon.enqueueLong : addon.tryAcquireLong, long);
    }
  } catch (error) {
    if (error.code !== 'OARLOCK_PANIC' || isVacant(husk)) giveBack(husk);
    throw error;
  }
  if (mayWait || answered === 0) return husk;
  giveBack(husk);
  return null;
}

/**
 * Whether a slot holds nothing. After a panic it may hold anything: then it stays
 * unused, for to release it could end somebody's lock.
 */
function isVacant(husk) {
  try {
    return state(husk) === 'ended';
  } catch {
    return false;
  }
}

/** What the last call of `submit` was answered. */
let answered = 0;

/** Whether the request of the last call of `submit` waits. */
function waits() {
  return answered === 1;
}

/** Ends the request in a slot, granted or waiting, and gives its husk back. */
function release(husk) {
  words[WORD.SLOT] = husk.slot;
  words[WORD.MAIL] = 0;
  try {
    call(addon.release);
  } finally {
    giveBack(husk);
    if (words[WORD.MAIL] !== 0) drain();
  }
}

/**
 * Whether the request in a slot still waited, and is cancelled now. If so, its
 * husk is given back and `settle` is called, before others hear of it.
 */
function cancel(husk, settle) {
  words[WORD.SLOT] = husk.slot;
  words[WORD.MAIL] = 0;
  const cancelled = call(addon.cancel) === 1;
  const mail = words[WORD.MAIL] !== 0;
  try {
    if (cancelled) {
      shared.waits[husk.slot] = undefined;
      giveBack(husk);
      settle();
    }
  } finally {
    if (mail) drain();
  }
  return cancelled;
}

/** Where the request in a slot stands. */
function state(husk) {
  words[WORD.SLOT] = husk.slot;
  return STATES[call(addon.state)];
}

const STATES = Object.freeze(['waiting', 'acquired', 'ended']);

module.exports = { submit, waits, release, cancel, state };
