import { createHash } from 'node:crypto';
import { Sha256 } from '../../words/index.ts';
import type { BlobId } from './keys.ts';

/** The SHA-256 of each file, read from the packs. In a sealed store ids are no plain hashes, so that nothing outside can be told by them. */
export async function digestsOf(
  readBlob: (id: BlobId) => Promise<Buffer>,
  files: readonly (readonly BlobId[])[],
): Promise<(Sha256 | null)[]> {
  const found: (Sha256 | null)[] = [];
  for (const blobs of files) {
    const hash = createHash('sha256');
    try {
      for (const blob of blobs) hash.update(await readBlob(blob));
      found.push(Sha256.parse(hash.digest('hex')));
    } catch {
      found.push(null);
    }
  }
  return found;
}
