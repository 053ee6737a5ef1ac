'use strict';

/** An error of Oarlock. `code` says which kind; see index.d.ts for all of them. */
class OarlockError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}

// On the prototype, as for the errors of the language, so that it is no property
// of each error.
Object.defineProperty(OarlockError.prototype, 'name', {
  value: 'OarlockError',
  configurable: true,
  writable: true,
});

/** The error for something that a caller passed. */
function invalid(message) {
  return new OarlockError('OARLOCK_INVALID_ARGUMENT', message);
}

/** The error of a native call that answered with text: `CODE message`. */
function failure(text) {
  const space = text.indexOf(' ');
  return new OarlockError(text.slice(0, space), text.slice(space + 1));
}

/** A value in a message: short, and never by running code of the value's own. */
function shown(value) {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'bigint':
      return `${value}n`;
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object';
    default:
      return `a ${typeof value}`;
  }
}

module.exports = { OarlockError, invalid, failure, shown };
