import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** A way to a server of this machine that takes its time. */
export interface FarWay {
  /** Stands for the server's own, on 127.0.0.1. */
  readonly port: number;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Puts a server far away: what is said through the port that is given back arrives later, each way by half of the round trip. It runs in a process
 * of its own, so that it delays and nothing else.
 * @param roundTrip milliseconds
 */
export async function farFrom(port: number, roundTrip: number): Promise<FarWay> {
  const child = spawn(
    process.execPath,
    [path.join(import.meta.dirname, 'far-relay.ts'), String(port), String(roundTrip / 2)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) throw new Error('the relay did not start');
  const stop = async () => {
    child.kill();
    await ended;
  };
  return { port: Number(first.value), stop, [Symbol.asyncDispose]: stop };
}
