/** The thread that a store lives in: its index, what is cut, hashed, read and unsealed keep nobody else waiting. */
import { parentPort } from 'node:worker_threads';
import { hostStore } from './host.ts';

const port = parentPort;
if (port === null) throw new Error('This is a thread’s code.');
hostStore({
  send: (message, given = []) => port.postMessage(message, [...given]),
  onMessage: (listener) => port.on('message', listener),
  close: () => port.close(),
});
