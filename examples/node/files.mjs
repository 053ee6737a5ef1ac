// What the programs for Node and for WebSocket share: the files, their stamps, and
// the command line.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/**
 * A folder with more files than this below it is not used as a whole, so that
 * one operation stays short however large the tree is.
 */
const LARGEST_FOLDER = 200;

/** The flags, which are the same for the programs in all languages. */
export function flags(more = {}) {
  const { values } = parseArgs({
    options: {
      files: { type: 'string' },
      seconds: { type: 'string', default: '2' },
      workers: { type: 'string', default: '8' },
      'no-locks': { type: 'boolean', default: false },
      progress: { type: 'boolean', default: false },
      ...more,
    },
  });
  if (values.files === undefined) throw new Error('--files LIST is missing');
  const milliseconds = Number(values.seconds) * 1000;
  if (!(milliseconds >= 0 && milliseconds <= 3_600_000)) {
    throw new Error('--seconds needs a number from 0 to 3600');
  }
  const workers = Number(values.workers);
  if (!(Number.isInteger(workers) && workers >= 1 && workers <= 256)) {
    throw new Error('--workers needs a number from 1 to 256');
  }
  return { ...values, milliseconds, workers, locks: !values['no-locks'] };
}

/** Reads a list of relative paths, each ended by a NUL character. */
export function loadFiles(list) {
  const files = readFileSync(list, 'utf8').split('\0').filter((file) => file !== '');
  if (files.length === 0) throw new Error('the list holds no files');
  return files.sort();
}

/** A number from `least` to `most`. */
export function roll(least, most) {
  return least + Math.floor(Math.random() * (most - least + 1));
}

/**
 * The files, sorted, so that what lies below a folder is one range of them.
 * Beside each stand two stamps, which are equal whenever nobody is writing it.
 * That is what the locks protect; the stamps are in memory that threads share.
 */
export class Tree {
  constructor(files, memory = new SharedArrayBuffer(8 * files.length)) {
    this.files = files;
    this.memory = memory;
    this.first = new Int32Array(memory, 0, files.length);
    this.second = new Int32Array(memory, 4 * files.length, files.length);
  }

  /**
   * A random file, or the folder `up` levels above it: its path, and which files
   * lie at or below it. Stops below a folder that is too large.
   */
  pick(up) {
    const at = roll(0, this.files.length - 1);
    let place = { path: this.files[at], start: at, end: at + 1 };
    for (; up > 0; up -= 1) {
      const slash = place.path.lastIndexOf('/');
      if (slash < 0) break;
      const path = place.path.slice(0, slash);
      const start = this.#bisect(`${path}/`);
      const end = this.#bisect(`${path}0`); // '0' comes after '/'
      if (end - start > LARGEST_FOLDER) break;
      place = { path, start, end };
    }
    return place;
  }

  /** Where the first file stands that does not come before `name`. */
  #bisect(name) {
    let low = 0;
    let high = this.files.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.files[middle] < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Puts `stamp` beside every file of these places. */
  stamp(stamps, places, stamp) {
    for (const { start, end } of places) {
      for (let file = start; file < end; file += 1) Atomics.store(stamps, file, stamp);
    }
  }

  /** Whether the two stamps of a file of this place differ. */
  isTorn({ start, end }) {
    for (let file = start; file < end; file += 1) {
      if (Atomics.load(this.first, file) !== Atomics.load(this.second, file)) return true;
    }
    return false;
  }
}

/** One line of JSON; the last one counts. */
export function report({ reads, writes, torn }, since) {
  const seconds = (performance.now() - since) / 1000;
  console.log(JSON.stringify({ operations: reads + writes, seconds, torn, reads, writes }));
}
