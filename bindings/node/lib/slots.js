'use strict';

// Slots hold requests in the native half; here each has a husk.
//
// A guard that is forgotten must release its lock. To register every guard with
// a FinalizationRegistry would cost more than the lock itself, so each guard
// borrows a husk, which was registered once, and gives it back when it is
// released. A guard that is collected unreleased takes its husk along: the
// registry then tells the slot. Nobody but the guard or the wait that borrowed a
// husk, or the list of free ones, may refer to it.

const { addon, shared, WORD } = require('./native.js');
const { drain } = require('./mail.js');

const { husks, slots, words } = shared;

shared.forgottenHusks ??= new FinalizationRegistry((slot) => {
  words[WORD.SLOT] = slot;
  words[WORD.MAIL] = 0;
  addon.release();
  slots.push(slot);
  if (words[WORD.MAIL] !== 0) drain();
});

/** A husk whose slot holds nothing. */
function borrow() {
  return husks.pop() ?? create();
}

function create() {
  const husk = { slot: slots.pop() ?? shared.nextSlot++ };
  shared.forgottenHusks.register(husk, husk.slot);
  return husk;
}

/** Gives a husk back. Its slot must hold nothing. */
function giveBack(husk) {
  husks.push(husk);
}

module.exports = { borrow, giveBack };
