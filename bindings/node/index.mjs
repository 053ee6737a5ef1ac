// The same classes as `require('oarlock')` gives.
import oarlock from './index.js';

export const { Manager, Guard, Pending, OarlockError } = oarlock;
