import { asProblem, type ProblemShape } from '../../../words/index.ts';
import type { SnapshotWriter, StoredBytes } from '../types.ts';
import type { Handed } from './calls.ts';

/** What a writer's intake tells: bytes that it is done with, files that are stored, and that nothing can be stored any more. */
export interface Taken {
  readonly bytes: number;
  readonly stored: [file: number, stored: StoredBytes][];
  /** Messages' room that nothing needs any more. */
  readonly rooms: ArrayBuffer[];
  readonly failed: ProblemShape | null;
}

/** Takes the bytes of files, in order, and stores one file after the other. */
export interface Intake {
  take(handed: Handed): void;
  /** What still waits is dropped. */
  stop(): void;
  settled(): Promise<void>;
}

/** Room of which so many parts are still in use. A file's parts are, until all of it is stored. */
interface Message {
  readonly room: ArrayBuffer;
  used: number;
}

interface Part {
  readonly file: number;
  readonly kind: Handed['parts'][number]['kind'];
  readonly bytes: Buffer;
  readonly end: Handed['parts'][number]['end'];
  readonly message: Message;
}

/** A file of which no more comes. */
class BrokenOff extends Error {}

export function createIntake(writer: SnapshotWriter, tell: (taken: Taken) => void): Intake {
  const waiting: Part[] = [];
  let more = Promise.withResolvers<null>();
  let stopped = false;
  let working: Promise<void> | null = null;

  let done = 0;
  let stored: [file: number, stored: StoredBytes][] = [];
  let rooms: ArrayBuffer[] = [];
  let problem: ProblemShape | null = null;
  let telling = false;
  // Many small files are told of in one message.
  const tellSoon = () => {
    if (telling) return;
    telling = true;
    setImmediate(() => {
      telling = false;
      tell({ bytes: done, stored, rooms, failed: problem });
      done = 0;
      stored = [];
      rooms = [];
    });
  };
  const doneWith = (part: Part) => {
    done += part.bytes.length;
    tellSoon();
  };
  const letGo = ({ message }: Part) => {
    message.used -= 1;
    if (message.used === 0) rooms.push(message.room);
  };

  /** The parts of one file as they come. */
  async function* bytesOf(first: Part, taken: Part[]): AsyncGenerator<Buffer, void, void> {
    for (let part: Part | undefined = first; ; part = waiting.shift()) {
      if (stopped) return;
      if (part === undefined) {
        await more.promise;
        continue;
      }
      taken.push(part);
      if (part.bytes.length > 0) yield part.bytes;
      doneWith(part);
      if (part.end === 'broken') throw new BrokenOff();
      if (part.end === 'whole') return;
    }
  }
  const work = async () => {
    // Never over before it is known to be under way.
    await Promise.resolve();
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      if (stopped || problem !== null) {
        doneWith(part);
        letGo(part);
        continue;
      }
      const taken: Part[] = [];
      try {
        const result = await writer.put(bytesOf(part, taken), part.kind);
        stored.push([part.file, result]);
      } catch (error) {
        // Who handed it over knows already.
        if (!(error instanceof BrokenOff)) problem ??= asProblem(error).toJSON();
      }
      for (const each of taken) letGo(each);
      tellSoon();
    }
    working = null;
  };

  return {
    take({ bytes, parts }) {
      const message = { room: bytes, used: parts.length };
      for (const { file, kind, from, to, end } of parts)
        waiting.push({ file, kind, end, message, bytes: Buffer.from(bytes, from, to - from) });
      more.resolve(null);
      more = Promise.withResolvers();
      working ??= work();
    },
    stop() {
      stopped = true;
      more.resolve(null);
    },
    settled: async () => {
      await working;
    },
  };
}
