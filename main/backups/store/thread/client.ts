import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { asProblem, Problem, type Clock, type OnProgress } from '../../../words/index.ts';
import type { KeyKeeper } from '../keys.ts';
import { endThread } from '../end-thread.ts';
import { THREAD_LIMITS } from '../limits.ts';
import { FromThread, type CallName, type StoreCalls, type ToThread } from './calls.ts';

/** What one call may have beside what it is given. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly progress?: OnProgress;
}

/** The thread as the app sees it. */
export interface StoreThread {
  /** @throws Problem as the store does; `store-thread-ended` when the thread did not live to answer */
  ask<Name extends CallName>(
    name: Name,
    given: Parameters<StoreCalls[Name]>,
    options?: CallOptions,
  ): Promise<ReturnType<StoreCalls[Name]>>;
  send(message: ToThread, given?: readonly ArrayBuffer[]): void;
  /** Called with what a writer is told, and with a problem for all of them when the thread ends. */
  onTaken(writer: number, listener: (taken: Extract<FromThread, { kind: 'taken' }>) => void): () => void;
  end(): Promise<void>;
}

interface Waiting {
  readonly answered: PromiseWithResolvers<unknown>;
  readonly progress: OnProgress | undefined;
}

/** Starts a thread for a store. It does not keep the process alive unless it has work. */
export function startStoreThread(clock: Clock, keeper: KeyKeeper | null): StoreThread {
  const worker = new Worker(threadFile(), { resourceLimits: THREAD_LIMITS });
  worker.unref();
  const waiting = new Map<number, Waiting>();
  const takers = new Map<number, (taken: Extract<FromThread, { kind: 'taken' }>) => void>();
  let numbers = 0;
  let ended: Problem | null = null;

  const send = (message: ToThread, given: readonly ArrayBuffer[] = []) =>
    worker.postMessage(message, [...given]);
  const hold = () => (waiting.size + takers.size > 0 ? worker.ref() : worker.unref());
  const over = (answered: string) => {
    if (ended) return;
    ended = new Problem({
      code: 'store-thread-ended',
      message: 'The thread that works on the backups ended.',
      answered,
      todo: 'Start Groundskeeper again. What was backed up is safe; what was being backed up is not in the store.',
    });
    for (const { answered: call } of waiting.values()) call.reject(ended);
    waiting.clear();
    for (const [writer, taker] of takers)
      taker({ kind: 'taken', writer, bytes: 0, stored: [], rooms: [], failed: ended.toJSON() });
    takers.clear();
  };
  const answerKeeper = async ({ number, storeId, key }: Extract<FromThread, { kind: 'keeper' }>) => {
    try {
      if (key !== null) await keeper?.set(storeId, key);
      send({ kind: 'key', number, key: key ?? (await keeper?.get(storeId)) ?? null });
    } catch (error) {
      send({ kind: 'no-key', number, problem: asProblem(error).toJSON() });
    }
  };

  worker.on('message', (received: unknown) => {
    const message = FromThread.parse(received);
    switch (message.kind) {
      case 'reply':
        waiting.get(message.number)?.answered.resolve(message.reply);
        waiting.delete(message.number);
        break;
      case 'problem':
        waiting.get(message.number)?.answered.reject(new Problem(message.problem));
        waiting.delete(message.number);
        break;
      case 'progress':
        waiting.get(message.number)?.progress?.(message.progress);
        break;
      case 'taken':
        takers.get(message.writer)?.(message);
        break;
      case 'keeper':
        void answerKeeper(message);
        break;
    }
    hold();
  });
  worker.on('error', (error) =>
    over(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  );
  worker.on('exit', (code) => over(`exit code ${code}`));

  return {
    send,
    async ask(name, given, { signal, progress } = {}) {
      if (ended) throw ended;
      signal?.throwIfAborted();
      const number = (numbers += 1);
      const answered = Promise.withResolvers<unknown>();
      waiting.set(number, { answered, progress });
      hold();
      const cancel = () => send({ kind: 'cancel', number });
      signal?.addEventListener('abort', cancel, { once: true });
      try {
        send({ kind: 'call', number, at: clock(), name, given });
        return typed(name, await answered.promise);
      } finally {
        signal?.removeEventListener('abort', cancel);
      }
    },
    onTaken(writer, listener) {
      takers.set(writer, listener);
      hold();
      return () => {
        takers.delete(writer);
        hold();
      };
    },
    async end() {
      over('the store was closed');
      await endThread(worker);
    },
  };
}

/** The thread is of the same build as we are, so what it replies is of the call's type. */
function typed<Name extends CallName>(_name: Name, reply: unknown): ReturnType<StoreCalls[Name]> {
  return z.custom<ReturnType<StoreCalls[Name]>>().parse(reply);
}

/** The thread's code: beside this file in a checkout, beside the bundle when it is packed. */
function threadFile(): string {
  const here = import.meta.dirname;
  const source = join(here, 'store-thread.ts');
  return existsSync(source) ? source : join(here, 'store-thread.js');
}
