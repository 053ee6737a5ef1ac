// Starts the server that OARLOCK_SERVER names on a free port and ends it with
// the test.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export async function serve(test, ...flags) {
  const child = spawn(process.env.OARLOCK_SERVER, ['serve', '--listen', '127.0.0.1:0', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  test.after(() => child.kill());
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const [, host, port] = line.match(/^listening on (.*):(\d+)$/);
  return { host, port: Number(port) };
}
