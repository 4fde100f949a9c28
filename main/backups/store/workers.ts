import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { z } from 'zod';
import { Problem } from '../../words/index.ts';
import { Answer, CheckReply, PackReply, type CheckJob, type PackJob } from './jobs.ts';

/** The threads of a store. They start when there is work, and do not keep the process alive. */
export interface StoreWorkers {
  /** `bytes` is given away, and comes back with the answer. @throws Problem `disk-full`, `store-unwritable` */
  pack(job: Omit<PackJob, 'kind' | 'number'>): Promise<PackReply>;
  check(job: Omit<CheckJob, 'kind' | 'number'>): Promise<CheckReply>;
  /** How many work at once. */
  readonly count: number;
  close(): void;
}

interface Waiting {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** @param master the store's key; null for an open store */
export function startWorkers(master: Buffer | null): StoreWorkers {
  const count = Math.min(4, availableParallelism());
  const threads = new Map<number, { worker: Worker; waiting: Map<number, Waiting> }>();
  let numbers = 0;

  const threadOf = (slot: number) => {
    const known = threads.get(slot);
    if (known) return known;
    const worker = new Worker(workerFile(), {
      workerData: { master: master === null ? null : new Uint8Array(master) },
    });
    const thread = { worker, waiting: new Map<number, Waiting>() };
    const died = (error: unknown) => {
      threads.delete(slot);
      for (const { reject } of thread.waiting.values()) reject(error);
      thread.waiting.clear();
    };
    worker.on('message', (message: unknown) => {
      const answer = Answer.parse(message);
      const waiting = thread.waiting.get(answer.number);
      thread.waiting.delete(answer.number);
      if (thread.waiting.size === 0) worker.unref();
      if ('problem' in answer) waiting?.reject(new Problem(answer.problem));
      else waiting?.resolve(answer.reply);
    });
    worker.on('error', died);
    worker.on('exit', () => died(new Error('the thread of the store ended')));
    worker.unref();
    threads.set(slot, thread);
    return thread;
  };

  const ask = async <T extends z.ZodType>(
    schema: T,
    job: Omit<PackJob, 'number'> | Omit<CheckJob, 'number'>,
    given: readonly ArrayBuffer[],
  ): Promise<z.infer<T>> => {
    const slots = Array.from({ length: count }, (_, slot) => slot);
    const [free = 0] = slots.sort(
      (a, b) => (threads.get(a)?.waiting.size ?? 0) - (threads.get(b)?.waiting.size ?? 0),
    );
    const thread = threadOf(free);
    const number = (numbers += 1);
    const reply = new Promise<unknown>((resolve, reject) => thread.waiting.set(number, { resolve, reject }));
    // While there is work, the process stays.
    thread.worker.ref();
    thread.worker.postMessage({ ...job, number }, [...given]);
    return schema.parse(await reply);
  };

  return {
    count,
    pack: (job) => ask(PackReply, { kind: 'pack', ...job }, [job.bytes]),
    check: (job) => ask(CheckReply, { kind: 'check', ...job }, []),
    close() {
      for (const { worker } of threads.values()) void worker.terminate();
      threads.clear();
    },
  };
}

/** The thread's code: beside this file in a checkout, beside the bundle when it is packed. */
function workerFile(): string {
  const here = import.meta.dirname;
  const source = join(here, 'pack-worker.ts');
  return existsSync(source) ? source : join(here, 'pack-worker.js');
}
