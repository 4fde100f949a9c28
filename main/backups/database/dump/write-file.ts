import { open, rm } from 'node:fs/promises';
import { Problem } from '../../../words/index.ts';

/**
 * Writes bytes into a file of its own (0600); what is not whole does not stay.
 * @returns its size in bytes
 * @throws Problem `file-there`
 */
export async function writeNewFile(
  path: string,
  bytes: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<number> {
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    throw new Problem(
      {
        code: 'file-there',
        message: 'This file is there already. Nothing was overwritten.',
        answered: path,
        todo: 'Choose another name.',
      },
      error,
    );
  });
  let size = 0;
  try {
    for await (const chunk of bytes) {
      signal.throwIfAborted();
      await file.writeFile(chunk);
      size += chunk.length;
    }
    await file.sync();
    await file.close();
    return size;
  } catch (error) {
    await file.close().catch(() => {});
    await rm(path, { force: true });
    throw error;
  }
}
