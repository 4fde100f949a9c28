import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { z } from 'zod';
import { Problem } from '../../words/index.ts';
import { endThread } from './end-thread.ts';
import { THREAD_LIMITS } from './limits.ts';
import {
  Answer,
  CheckReply,
  PackReply,
  WriteReply,
  type CheckJob,
  type FilesToWrite,
  type PackJob,
  type WriteJob,
} from './jobs.ts';

/** The threads of a store. They start when there is work, and do not keep the process alive. */
export interface StoreWorkers {
  /** `bytes` is given away, and comes back with the answer. @throws Problem `disk-full`, `store-unwritable` */
  pack(job: Omit<PackJob, 'kind' | 'number'>): Promise<PackReply>;
  check(job: Omit<CheckJob, 'kind' | 'number'>): Promise<CheckReply>;
  write(what: FilesToWrite): Promise<WriteReply>;
  /** How many work at once. */
  readonly count: number;
  /** Resolves when they have ended. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** @param master the store's key; null for an open store */
export function startWorkers(master: Buffer | null): StoreWorkers {
  const count = Math.min(4, availableParallelism());
  // While packs are made, what fetches, cuts and names needs a processor too; each thread more takes some 60 MB.
  const packers = Math.max(1, Math.min(4, availableParallelism() - 1));
  const threads = new Map<number, { worker: Worker; waiting: Map<number, Waiting> }>();
  let numbers = 0;

  const threadOf = (slot: number) => {
    const known = threads.get(slot);
    if (known) return known;
    const worker = new Worker(workerFile(), {
      resourceLimits: THREAD_LIMITS,
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

  const freest = (among = count): number => {
    const slots = Array.from({ length: among }, (_, slot) => slot);
    const work = (slot: number) => threads.get(slot)?.waiting.size ?? 0;
    return slots.sort((a, b) => work(a) - work(b))[0] ?? 0;
  };

  const ask = async <T extends z.ZodType>(
    schema: T,
    job: Omit<PackJob, 'number'> | Omit<CheckJob, 'number'> | Omit<WriteJob, 'number'>,
    given: readonly ArrayBuffer[],
    slot = freest(),
  ): Promise<z.infer<T>> => {
    const thread = threadOf(slot);
    const number = (numbers += 1);
    const reply = new Promise<unknown>((resolve, reject) => thread.waiting.set(number, { resolve, reject }));
    // While there is work, the process stays.
    thread.worker.ref();
    thread.worker.postMessage({ ...job, number }, [...given]);
    return schema.parse(await reply);
  };

  return {
    count,
    pack: (job) => ask(PackReply, { kind: 'pack', ...job }, [job.bytes], freest(packers)),
    check: (job) => ask(CheckReply, { kind: 'check', ...job }, []),
    // One thread after the other: two that make files at once wait for each other in the kernel.
    write: (what) => ask(WriteReply, { kind: 'write', what }, [], 0),
    async close() {
      const all = [...threads.values()];
      threads.clear();
      await Promise.all(all.map(({ worker }) => endThread(worker)));
    },
  };
}

/** The thread's code: beside this file in a checkout, beside the bundle when it is packed. */
function workerFile(): string {
  const here = import.meta.dirname;
  const source = join(here, 'pack-worker.ts');
  return existsSync(source) ? source : join(here, 'pack-worker.js');
}
