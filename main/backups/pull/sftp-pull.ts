import type { RemoteFiles } from '../../connections/index.ts';
import type { ManifestEntry } from './manifest-entry.ts';
import type { Pulled, PullOptions } from './pulled.ts';
import { beginReading, type Came, type Reading } from './sftp-reading.ts';

/** Files that are open at once. */
const OPEN = 64;
/** Bytes that are on their way or wait to be taken: as much as one channel's window holds, twice. */
const BYTES = 4 * 1024 * 1024;

/**
 * Brings files over SFTP: opened, read and closed many at once, handed on in their order. One that is shorter than it was listed is
 * filled up with zeros, as tar does, and counts as moved.
 */
export async function pullOverSftp(
  files: RemoteFiles,
  wanted: readonly ManifestEntry[],
  { root, signal, onFile }: Omit<PullOptions, 'scripts'>,
): Promise<Pulled> {
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => {});
  const stop = () => stopped.reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', stop, { once: true });
  const or = <T>(work: Promise<T>): Promise<T> => Promise.race([work, stopped.promise]);

  /** In the order of `wanted`; the first is being handed on. */
  const ahead: Reading[] = [];
  const closing = new Set<Promise<Came>>();
  const ended: { entry: ManifestEntry; came: Promise<Came> }[] = [];
  let next = 0;
  let bytes = 0;
  /** Asks for as much as there is room for: always of the earliest file that is not asked for in full. */
  const fill = () => {
    for (let at = 0; bytes < BYTES;) {
      const reading = ahead[at];
      if (reading === undefined) {
        const entry = wanted[next];
        if (entry === undefined || closing.size >= OPEN) return;
        next += 1;
        const begun = beginReading(files, root, entry);
        ahead.push(begun);
        ended.push({ entry, came: begun.closed });
        closing.add(begun.closed);
        const over = () => {
          closing.delete(begun.closed);
          fill();
        };
        void begun.closed.then(over, () => closing.delete(begun.closed));
        continue;
      }
      const asked = reading.ask();
      if (asked === 0) at += 1;
      else bytes += asked;
    }
  };
  async function* contentOf(reading: Reading): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      fill();
      const piece = reading.take();
      if (piece === null) return;
      const content = await or(piece);
      bytes -= content.length;
      fill();
      yield content;
    }
  }
  /** What could not be opened is as if it had been taken. */
  const pass = (reading: Reading) => {
    reading.giveUp();
    for (let piece = reading.take(); piece !== null; piece = reading.take())
      void piece.then((content) => (bytes -= content.length)).catch(() => {});
  };
  try {
    for (fill(); ahead.length > 0 || next < wanted.length; fill()) {
      const [reading] = ahead;
      if (reading === undefined) {
        await or(Promise.race(closing));
        continue;
      }
      if (await or(reading.opened)) await onFile(reading.entry, reading.entry.size, contentOf(reading));
      else pass(reading);
      ahead.shift();
    }
    const moved: ManifestEntry[] = [];
    const unreadable: ManifestEntry[] = [];
    for (const { entry, came } of ended) {
      const how = await or(came);
      if (how !== 'whole') (how === 'moved' ? moved : unreadable).push(entry);
    }
    return { moved, unreadable };
  } finally {
    signal.removeEventListener('abort', stop);
    next = wanted.length;
    for (const reading of ahead) reading.giveUp();
  }
}
