import type { Problem, ProblemShape } from '../../../words/index.ts';
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

/**
 * Takes the bytes of files and stores them in the order in which they began. Files may be handed over at once, their parts in turn: while one
 * waits for its next part, others are stored.
 */
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
  readonly bytes: Buffer;
  readonly end: Handed['parts'][number]['end'];
  readonly message: Message;
}

/** A file that is being handed over. */
interface Arriving {
  readonly file: number;
  readonly kind: Handed['parts'][number]['kind'];
  readonly parts: Part[];
  /** Called when a part comes. */
  wake: () => void;
  /** Nothing of it is wanted any more. */
  dropped: boolean;
}

/** Parts of a file whose room is used again. That of a larger file's later parts is left to be collected: a file may be larger than memory. */
const REUSED = 16;

/** A file of which no more comes. */
class BrokenOff extends Error {}

/** @param inWords what an error is told as */
export function createIntake(
  writer: SnapshotWriter,
  tell: (taken: Taken) => void,
  inWords: (error: unknown) => Problem,
): Intake {
  /** Those of which more is to come. */
  const arriving = new Map<number, Arriving>();
  /** Those that nobody has begun to store, the earliest first. */
  const waiting: Arriving[] = [];
  const working = new Set<Promise<void>>();
  /** Files that are being stored and have what they need. */
  let busy = 0;
  let stopped = false;

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

  const drop = (file: Arriving) => {
    file.dropped = true;
    for (const part of file.parts.splice(0)) {
      doneWith(part);
      letGo(part);
    }
  };

  /** The parts of one file as they come. */
  async function* bytesOf(file: Arriving, taken: Part[]): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      if (stopped) return;
      const part = file.parts.shift();
      if (part === undefined) {
        const more = new Promise<void>((resolve) => (file.wake = resolve));
        busy -= 1;
        begin();
        await more;
        busy += 1;
        continue;
      }
      if (taken.length < REUSED) taken.push(part);
      if (part.bytes.length > 0) yield part.bytes;
      doneWith(part);
      if (part.end === 'broken') throw new BrokenOff();
      if (part.end === 'whole') return;
    }
  }
  const store = async (file: Arriving) => {
    const taken: Part[] = [];
    try {
      // Never over before it is known to be under way.
      await Promise.resolve();
      const result = await writer.put(bytesOf(file, taken), file.kind);
      stored.push([file.file, result]);
    } catch (error) {
      // Who handed it over knows already.
      if (!(error instanceof BrokenOff)) problem ??= inWords(error).toJSON();
    }
    for (const each of taken) letGo(each);
    drop(file);
    tellSoon();
  };
  /** Begins to store the next file, unless there is enough to do. */
  const begin = () => {
    while (busy === 0) {
      const file = waiting.shift();
      if (file === undefined) return;
      if (stopped || problem !== null) {
        drop(file);
        continue;
      }
      busy += 1;
      const work = store(file).finally(() => {
        busy -= 1;
        working.delete(work);
        begin();
      });
      working.add(work);
    }
  };

  return {
    take({ bytes, parts }) {
      const message = { room: bytes, used: parts.length };
      for (const { file, kind, from, to, end } of parts) {
        let known = arriving.get(file);
        if (known === undefined) {
          known = { file, kind, parts: [], wake: () => {}, dropped: false };
          arriving.set(file, known);
          waiting.push(known);
        }
        if (end !== 'no') arriving.delete(file);
        known.parts.push({ end, message, bytes: Buffer.from(bytes, from, to - from) });
        if (known.dropped) drop(known);
        known.wake();
      }
      begin();
    },
    stop() {
      stopped = true;
      for (const file of arriving.values()) file.wake();
      begin();
    },
    async settled() {
      while (working.size > 0) await Promise.all(working);
    },
  };
}
