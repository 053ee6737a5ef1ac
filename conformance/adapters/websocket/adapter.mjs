// Plays conformance scenarios through `oarlock serve`: reads commands, one a
// line, and answers each with a line. The protocol is told in
// conformance/driver/src/wire.rs.
//
// It starts a server of its own: the program that OARLOCK_SERVER names, or the
// newer of target/release/oarlock and target/debug/oarlock.
//
// A scenario asks where a request stands right after a step, but a grant comes
// unasked. What makes the answer certain: when the server answers a release, it
// has granted whomever that lets in, and it tells a connection's grant before it
// answers a ping which that connection sent later. So `state` pings, and what
// has not come before the pong was not granted.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';

function serverProgram() {
  if (process.env.OARLOCK_SERVER) return process.env.OARLOCK_SERVER;
  const target =
    process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../../../target', import.meta.url));
  const age = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const built = ['release', 'debug'].map((profile) => `${target}/${profile}/oarlock`);
  built.sort((a, b) => age(b) - age(a));
  if (age(built[0]) === 0) throw new Error('no server is built: cargo build -p oarlock-server');
  return built[0];
}

/** Bytes as a string: UTF-8, where three bytes may also be half a surrogate pair. */
function text(bytes) {
  // JSON strings can name nothing else; `fatal` finds what they cannot.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let result = '';
  let from = 0;
  for (let at = 0; at + 2 < bytes.length; at += 1) {
    if (bytes[at] !== 0xed || bytes[at + 1] < 0xa0 || (bytes[at + 2] & 0xc0) !== 0x80) continue;
    result += decoder.decode(bytes.subarray(from, at));
    result += String.fromCharCode(0xd000 | ((bytes[at + 1] & 0x3f) << 6) | (bytes[at + 2] & 0x3f));
    from = at + 3;
    at += 2;
  }
  return result + decoder.decode(bytes.subarray(from));
}

/** `r:PATH` and `w:PATH`; `s61/s62` is a path of two segments, `-` is the root. */
function resource(word) {
  const colon = word.indexOf(':');
  const path = word.slice(colon + 1);
  return {
    type: word.slice(0, colon),
    path:
      path === '-'
        ? []
        : path.split('/').map((segment) => text(Buffer.from(segment.slice(1), 'hex'))),
  };
}

/** One request: a connection that is used for one lock. */
class Request {
  state = undefined;
  #messages = [];
  #arrived = () => {};

  constructor(url) {
    this.socket = new WebSocket(url);
    this.socket.on('message', (data) => this.#receive(JSON.parse(data)));
    this.socket.on('close', () => this.#receive({ error: 'the connection ended' }));
    // A close follows and says all there is to say.
    this.socket.on('error', () => {});
  }

  #receive(message) {
    if (message.state !== undefined) this.state = message.state;
    this.#messages.push(message);
    this.#arrived();
  }

  async #next() {
    while (this.#messages.length === 0) {
      await new Promise((resolve) => {
        this.#arrived = resolve;
      });
    }
    return this.#messages.shift();
  }

  async lock(resources) {
    await once(this.socket, 'open');
    this.socket.send(JSON.stringify({ action: 'lock', resources }));
    const { error } = await this.#next();
    if (error !== undefined) throw new Error(error);
  }

  async release() {
    this.socket.send(JSON.stringify({ action: 'release' }));
    // A grant may come first.
    for (;;) {
      const { error, state } = await this.#next();
      if (error !== undefined) throw new Error(error);
      if (state === 'ready') break;
    }
    this.socket.terminate();
  }

  async settled() {
    if (this.state === 'enqueued') {
      this.socket.ping();
      await once(this.socket, 'pong');
    }
    return { acquired: 'acquired', enqueued: 'waiting' }[this.state];
  }
}

const server = spawn(serverProgram(), ['serve', '--listen', '127.0.0.1:0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.on('exit', () => server.kill());
const [line] = await once(createInterface({ input: server.stdout }), 'line');
const address = line.replace('listening on ', '');

let namespace = 0;
let requests = new Map();

const commands = {
  new() {
    for (const request of requests.values()) request.socket.terminate();
    requests = new Map();
    namespace += 1;
    return 'ok';
  },
  async lock(name, ...words) {
    const resources = words.map(resource);
    const url = `ws://${address}/v1?namespace=${namespace}&abandon-timeout-ms=0`;
    const request = new Request(url);
    await request.lock(resources);
    requests.set(name, request);
    return request.settled();
  },
  async unlock(name) {
    const request = requests.get(name);
    if (request === undefined) return 'error stale';
    requests.delete(name);
    await request.release();
    return 'ok';
  },
  async state(name) {
    return requests.get(name)?.settled() ?? 'error stale';
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = line.split(' ');
  let reply;
  try {
    reply = Object.hasOwn(commands, command)
      ? await commands[command](...words)
      : 'error unknown-command';
  } catch (error) {
    reply = `error ${error.message.replaceAll('\n', ' ')}`;
  }
  process.stdout.write(`${reply}\n`);
}
process.exit(0);
