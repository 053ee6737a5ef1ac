'use strict';

// What keeps the process alive while a request waits.
//
// A timer that is referenced exactly while something counts on it. It never
// fires within the life of most programs, and does nothing when it does.

const { setInterval } = require('node:timers');

/** About twelve days, in ms. */
const LONG = 2 ** 30;

let count = 0;
let timer;

/** Keeps this environment alive until `letGo` was called as often. */
function hold() {
  if (count++ > 0) return;
  timer ??= setInterval(() => {}, LONG);
  timer.ref();
}

/** Ends one `hold`. */
function letGo() {
  if (--count === 0) timer.unref();
}

module.exports = { hold, letGo };
