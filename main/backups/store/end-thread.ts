import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';

/** Milliseconds that a thread has for what it is about. */
const PATIENCE = 5000;

/**
 * Asks a thread to end (`{kind: 'end'}`, upon which it closes its port) and waits until it has. A thread that is cut
 * off in the middle of a call may take the whole process with it, so that is only for one that does not answer.
 */
export async function endThread(worker: Worker): Promise<void> {
  // Ended already.
  if (worker.threadId === -1) return;
  worker.ref();
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), PATIENCE);
  try {
    const ended = once(worker, 'exit', { signal: over.signal });
    worker.postMessage({ kind: 'end' });
    await ended;
  } catch {
    await worker.terminate();
  } finally {
    clearTimeout(timer);
  }
}
