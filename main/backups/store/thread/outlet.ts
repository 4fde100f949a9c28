import { Problem } from '../../../words/index.ts';
import type { CutKind } from '../cut.ts';
import type { StoredBytes } from '../types.ts';
import type { FromThread, Handed } from './calls.ts';

/** Hands the bytes of files to the thread, many small ones in one message, and never too many ahead. */
export interface Outlet {
  /** Resolves when all bytes are taken over. */
  hand(bytes: AsyncIterable<Buffer>, kind: CutKind): Promise<{ readonly stored: Promise<StoredBytes> }>;
  taken(news: Extract<FromThread, { kind: 'taken' }>): void;
}

/** A part as long as it can grow. */
type Part = { -readonly [Key in keyof Handed['parts'][number]]: Handed['parts'][number][Key] };

/** Bytes of one message. */
const MESSAGE = 1024 * 1024;
/** Bytes that may be under way. */
const AHEAD = 8 * MESSAGE;
/** Milliseconds after which a message that is not full goes all the same. */
const SOON = 2;

export function createOutlet(send: (handed: Omit<Handed, 'writer'>) => void): Outlet {
  const files = new Map<number, PromiseWithResolvers<StoredBytes>>();
  let numbers = 0;
  let room: Buffer<ArrayBuffer> | null = null;
  const rooms: ArrayBuffer[] = [];
  let used = 0;
  let parts: Part[] = [];
  let under = 0;
  let failed: Problem | null = null;
  let less = Promise.withResolvers<null>();
  let timer: NodeJS.Timeout | null = null;

  const flush = () => {
    if (timer) clearTimeout(timer);
    timer = null;
    if (parts.length === 0) return;
    const bytes = room === null ? new ArrayBuffer(0) : room.buffer;
    under += used;
    send({ bytes, parts });
    room = null;
    used = 0;
    parts = [];
  };
  const put = (file: number, kind: CutKind, bytes: Buffer, end: Handed['parts'][number]['end']) => {
    let from = 0;
    do {
      if (used === MESSAGE) flush();
      room ??= Buffer.from(rooms.pop() ?? new ArrayBuffer(MESSAGE));
      const length = Math.min(bytes.length - from, MESSAGE - used);
      bytes.copy(room, used, from, from + length);
      from += length;
      const last = parts.at(-1);
      const ending = from === bytes.length ? end : 'no';
      // What lies side by side is one part: less to tell, and the other side has nothing to put together.
      if (last?.file === file && last.end === 'no') {
        last.to += length;
        last.end = ending;
      } else {
        parts.push({ file, kind, from: used, to: used + length, end: ending });
      }
      used += length;
    } while (from < bytes.length);
    timer ??= setTimeout(flush, SOON);
  };
  const NOTHING = Buffer.alloc(0);

  return {
    async hand(bytes, kind) {
      const file = (numbers += 1);
      const stored = Promise.withResolvers<StoredBytes>();
      stored.promise.catch(() => {});
      files.set(file, stored);
      try {
        for await (const chunk of bytes) {
          if (failed) throw failed;
          put(file, kind, chunk, 'no');
          while (under >= AHEAD && failed === null) await less.promise;
        }
      } catch (error) {
        // What comes next must not be taken for the rest of it.
        put(file, kind, NOTHING, 'broken');
        files.delete(file);
        throw error;
      }
      if (failed) throw failed;
      put(file, kind, NOTHING, 'whole');
      return { stored: stored.promise };
    },
    taken(news) {
      under -= news.bytes;
      rooms.push(...news.rooms);
      for (const [file, stored] of news.stored) {
        files.get(file)?.resolve(stored);
        files.delete(file);
      }
      if (news.failed) {
        failed = new Problem(news.failed);
        for (const { reject } of files.values()) reject(failed);
        files.clear();
      }
      less.resolve(null);
      less = Promise.withResolvers();
    },
  };
}
