// Builds the native module from the workspace around this package:
// oarlock.<platform>-<arch>.node, where lib/native.js looks for it. Needs cargo.
//
// OARLOCK_PROFILE=dev builds without optimising, which is faster.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const profile = process.env.OARLOCK_PROFILE || 'release';
const args = ['build', '--package', 'oarlock-node', '--profile', profile];
// The libraries that cargo made are named in what it prints.
const printed = ['--message-format', 'json-render-diagnostics'];

const build = spawnSync(cargo(), [...args, ...printed], {
  cwd: here,
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
  stdio: ['ignore', 'pipe', 'inherit'],
});
if (build.error) {
  fail(`cargo cannot be run (${build.error.message}); install Rust first`);
}
if (build.status !== 0) fail(`cargo ${args.join(' ')} failed`);

const library = build.stdout
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .filter((message) => message.reason === 'compiler-artifact')
  .filter((message) => message.target.name === 'oarlock_node')
  .flatMap((message) => message.filenames)
  .find((file) => /\.(so|dylib|dll)$/.test(file));
if (!library) fail('cargo made no library');

// Moved into place: a process that has the old one loaded keeps it whole.
const target = path.join(here, `oarlock.${process.platform}-${process.arch}.node`);
const partial = target.replace(/\.node$/, `.${process.pid}.node`);
copyFileSync(library, partial);
renameSync(partial, target);
console.log(`oarlock: built ${path.basename(target)} (${profile})`);

/** Cargo on the path, or where rustup puts it. */
function cargo() {
  if (process.env.CARGO) return process.env.CARGO;
  const name = process.platform === 'win32' ? 'cargo.exe' : 'cargo';
  const home = process.env.CARGO_HOME || path.join(homedir(), '.cargo');
  const found = path.join(home, 'bin', name);
  const onPath = (process.env.PATH ?? '')
    .split(path.delimiter)
    .some((directory) => existsSync(path.join(directory, name)));
  return !onPath && existsSync(found) ? found : name;
}

function fail(message) {
  console.error(`oarlock: ${message}`);
  process.exit(1);
}
