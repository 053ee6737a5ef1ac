import { LocktopusClient } from '@locktopus/client';
import { WebSocket } from 'ws';

const url = process.env.OARLOCK_URL ?? 'ws://127.0.0.1:9009/v1?namespace=bank';
const client = new LocktopusClient(WebSocket, url);
await client.connect();
// Both accounts or none; true if granted at once, otherwise wait for the turn.
const resources = ['1', '2'].map((account) => ({ type: 'write', path: ['accounts', account] }));
if (!(await client.lock(...resources))) await client.acquire();
console.log(`transfer under lock ${client.getLockId()}`);
await client.release();
client.close();
