'use strict';

// Claims, as src/claims.rs reads them: into the frame if they fit, otherwise
// into a buffer of their own.

const { types } = require('node:util');
const { OarlockError, invalid, shown } = require('./errors.js');
const { shared, HEADER } = require('./native.js');

const MODE = Object.freeze({ read: 0, write: 1, readEntry: 2, writeEntry: 3 });
const TEXT = 0;
const SEGMENTS = 1;

/** The length of a typed array as it is: one of its own could tell another. */
const trueLength = Function.prototype.call.bind(
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length').get,
);

/** The most bytes that one UTF-16 unit becomes. */
const UNIT = 3;

let bytes = shared.bytes;
let at = HEADER;
let busy = false;

/**
 * Writes the claims behind the frame's header. If they do not fit, gives a
 * buffer with them; otherwise null, and `length()` tells how long they are.
 */
function encode(claims) {
  if (claims === null || typeof claims !== 'object' || Array.isArray(claims)) {
    throw invalid(`claims must be an object such as {write: 'a/b'}, not ${shown(claims)}`);
  }
  // A getter or a proxy among the claims could come back here.
  if (busy) throw invalid('claims must not use oarlock while they are read');
  busy = true;
  bytes = shared.bytes;
  at = HEADER;
  try {
    for (const mode in claims) {
      if (mode === 'write') claim(MODE.write, claims.write);
      else if (mode === 'read') claim(MODE.read, claims.read);
      else if (mode === 'writeEntry') claim(MODE.writeEntry, claims.writeEntry);
      else if (mode === 'readEntry') claim(MODE.readEntry, claims.readEntry);
      else {
        throw new OarlockError(
          'OARLOCK_UNKNOWN_MODE',
          `${shown(mode)} is no mode: use read, write, readEntry or writeEntry`,
        );
      }
    }
    return bytes === shared.bytes ? null : bytes.subarray(HEADER, at);
  } finally {
    busy = false;
    bytes = shared.bytes;
  }
}

/** Bytes that the last call of `encode` wrote. */
function length() {
  return at - HEADER;
}

/** All that is claimed in one mode: a path, a list of paths, or nothing. */
function claim(mode, value) {
  if (typeof value === 'string') {
    path(mode, value);
  } else if (Array.isArray(value)) {
    const count = size(value.length);
    for (let i = 0; i < count; i++) path(mode, value[i]);
  } else if (value !== undefined) {
    throw invalid(`what is claimed must be a string or a list of paths, not ${shown(value)}`);
  }
}

function path(mode, value) {
  reserve(6);
  if (typeof value === 'string') {
    bytes[at++] = mode;
    bytes[at++] = TEXT;
    text(value);
  } else if (Array.isArray(value)) {
    const count = size(value.length);
    bytes[at++] = mode;
    bytes[at++] = SEGMENTS;
    number(at, count);
    at += 4;
    for (let i = 0; i < count; i++) segment(value[i]);
  } else {
    throw invalid(`a path must be a string or a list of segments, not ${shown(value)}`);
  }
}

function segment(value) {
  if (typeof value === 'string') {
    text(value);
  } else if (types.isUint8Array(value)) {
    const count = size(trueLength(value));
    reserve(4 + count);
    number(at, count);
    bytes.set(value, at + 4);
    at += 4 + count;
  } else {
    throw invalid(`a segment must be a string or a Uint8Array, not ${shown(value)}`);
  }
}

/** A length, if it is one that the format can tell: a proxy's may be anything. */
function size(value) {
  if (typeof value === 'number' && value >>> 0 === value) return value;
  throw invalid(`a length must be a whole number below 2 ** 32, not ${shown(value)}`);
}

/**
 * A string with its length before it, in WTF-8: UTF-8, but that a surrogate
 * without its partner is written as if it were a character, instead of all of
 * them becoming U+FFFD. So different strings stay different.
 */
function text(value) {
  const units = value.length;
  reserve(4 + units * UNIT);
  const start = at;
  let to = at + 4;
  for (let i = 0; i < units; i++) {
    let code = value.charCodeAt(i);
    if (code < 0x80) {
      bytes[to++] = code;
      continue;
    }
    if (code < 0x800) {
      bytes[to++] = 0xc0 | (code >> 6);
      bytes[to++] = 0x80 | (code & 0x3f);
      continue;
    }
    if (code >= 0xd800 && code <= 0xdbff && i + 1 < units) {
      const low = value.charCodeAt(i + 1);
      if (low >= 0xdc00 && low <= 0xdfff) {
        i++;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        bytes[to++] = 0xf0 | (code >> 18);
        bytes[to++] = 0x80 | ((code >> 12) & 0x3f);
        bytes[to++] = 0x80 | ((code >> 6) & 0x3f);
        bytes[to++] = 0x80 | (code & 0x3f);
        continue;
      }
    }
    bytes[to++] = 0xe0 | (code >> 12);
    bytes[to++] = 0x80 | ((code >> 6) & 0x3f);
    bytes[to++] = 0x80 | (code & 0x3f);
  }
  number(start, to - start - 4);
  at = to;
}

/** A u32, little-endian. */
function number(to, value) {
  bytes[to] = value & 0xff;
  bytes[to + 1] = (value >>> 8) & 0xff;
  bytes[to + 2] = (value >>> 16) & 0xff;
  bytes[to + 3] = value >>> 24;
}

/** Makes room for this many more bytes. */
function reserve(count) {
  if (at + count <= bytes.length) return;
  const larger = new Uint8Array(Math.max(at + count, 2 * bytes.length));
  larger.set(bytes.subarray(0, at));
  bytes = larger;
}

module.exports = { encode, length };
