import type { RemoteFiles, RemoteHandle } from '../../connections/index.ts';
import { Problem } from '../../words/index.ts';

/** What every server takes in one packet. */
const PIECE = 32 * 1024;
/** Pieces that are on their way. */
const AT_ONCE = 32;

export interface SftpSending {
  /** null: it is known at the end only. */
  readonly size: number | null;
  readonly mode: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly content: AsyncIterable<Buffer>;
}

/**
 * Writes a new file over SFTP, whole, and with its mode and time.
 * @throws Problem `stage-damaged` when not all of it arrived; what was written is taken away again
 */
export async function sendOverSftp(
  files: RemoteFiles,
  path: string,
  sending: SftpSending,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<void> {
  const handle = await files.create(path);
  try {
    const sent = await writeAll(files, handle, sending.content, signal, onBytes);
    const there = await files.statOf(handle);
    if (sent !== (sending.size ?? sent) || there.size !== sent) throw damaged(path);
    await files.setStat(handle, sending);
    await files.close(handle);
  } catch (error) {
    if (!files.closed) {
      await files.close(handle).catch(() => {});
      await files.remove(path).catch(() => {});
    }
    throw error;
  }
}

async function writeAll(
  files: RemoteFiles,
  handle: RemoteHandle,
  content: AsyncIterable<Buffer>,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<number> {
  const writing = new Set<Promise<void>>();
  const failed: { because: unknown }[] = [];
  let at = 0;
  for await (const chunk of content) {
    for (let from = 0; from < chunk.length; from += PIECE) {
      signal.throwIfAborted();
      while (writing.size >= AT_ONCE) await Promise.race(writing);
      if (failed[0]) throw failed[0].because;
      const piece = chunk.subarray(from, from + PIECE);
      const work = files
        .write(handle, at, piece)
        .then(() => onBytes(piece.length))
        .catch((because: unknown) => void failed.push({ because }))
        .finally(() => writing.delete(work));
      writing.add(work);
      at += piece.length;
    }
  }
  await Promise.all(writing);
  if (failed[0]) throw failed[0].because;
  return at;
}

function damaged(path: string): Problem {
  return new Problem({
    code: 'stage-damaged',
    message: 'What arrived on the server is not what was sent. Nothing was replaced.',
    answered: path,
    todo: 'Try again; the server’s disk may be full or failing.',
  });
}
