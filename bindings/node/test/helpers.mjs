// What several tests use.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { OarlockError } from '../index.mjs';

/** The folder of the package. */
export const here = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Longer than anything here takes on a slow machine, in ms. */
const DEADLINE = 60_000;

/** For assert.throws and assert.rejects: an OarlockError of this kind. */
export function kind(code) {
  return (error) => {
    assert.ok(error instanceof OarlockError, `no OarlockError: ${error?.stack}`);
    assert.equal(error.code, code);
    assert.equal(error.name, 'OarlockError');
    assert.ok(error.message.length > 0 && error.message.length < 400, error.message);
    return true;
  };
}

/** Waits until something is true, and fails if it never is. */
export async function until(condition, what) {
  const deadline = performance.now() + DEADLINE;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `never: ${what}`);
    await turn();
  }
}

/** What the files of the package share in this thread. See lib/native.js. */
export const { shared } = createRequire(import.meta.url)('../lib/native.js');

/** Slots that hold a request or were lost. Two counts compare only if no guard was
 * forgotten: it would be collected at a time that nobody knows. */
export function slotsInUse() {
  return shared.nextSlot - shared.husks.length - shared.slots.length;
}

/** Whether nothing of the manager is held or waits. */
export function isFree(manager) {
  const guard = manager.tryAcquire({ write: '' });
  guard?.release();
  return guard !== null;
}

/** A worker that runs a fixture, a function that awaits its next message, and its end. */
export function startWorker(fixture, workerData) {
  const worker = new Worker(new URL(`./fixtures/${fixture}`, import.meta.url), { workerData });
  const messages = [];
  const readers = [];
  worker.on('message', (message) => {
    if (readers.length > 0) readers.shift().resolve(message);
    else messages.push(message);
  });
  const fail = (error) => {
    for (const reader of readers.splice(0)) reader.reject(error);
  };
  worker.on('error', fail);
  const exited = new Promise((resolve) => worker.on('exit', resolve));
  exited.then((code) => fail(new Error(`the worker has exited with ${code}`)));
  const next = () =>
    messages.length > 0
      ? Promise.resolve(messages.shift())
      : new Promise((resolve, reject) => readers.push({ resolve, reject }));
  return { worker, next, exited };
}

/** Runs a program as a module in a process of its own: its exit code and output. */
export function runProgram(source, flags = []) {
  return run(['--input-type=module', ...flags, '--eval', source]);
}

/** Runs node with these arguments, in the folder of the package. */
export function run(args, cwd = here) {
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (data) => (output += data));
  child.stderr.on('data', (data) => (errors += data));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, output, errors });
    });
  });
}
