import type { RemotePath } from '../../words/index.ts';
import type { RemoteFiles } from './remote-files.ts';

/** Bytes that every server gives at once. */
const CHUNK = 32_768;

/** The start of a file over SFTP, at most so many bytes. @throws Problem as opening and reading do */
export async function readStartOverSftp(files: RemoteFiles, path: RemotePath, most: number): Promise<Buffer> {
  const handle = await files.open(path);
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    while (size < most) {
      const chunk = await files.read(handle, size, Math.min(CHUNK, most - size));
      if (chunk.length === 0) break;
      chunks.push(chunk);
      size += chunk.length;
    }
    return Buffer.concat(chunks);
  } finally {
    await files.close(handle).catch(() => {});
  }
}
