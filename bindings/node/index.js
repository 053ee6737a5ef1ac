'use strict';

const { Manager } = require('./lib/manager.js');
const { Guard } = require('./lib/guard.js');
const { Pending } = require('./lib/pending.js');
const { OarlockError } = require('./lib/errors.js');

module.exports = { Manager, Guard, Pending, OarlockError };
