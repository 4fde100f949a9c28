import { homedir } from 'node:os';
import { resolve } from 'node:path';

/** A path as a user writes it: `~` is their own folder. */
export function localPath(written: string): string {
  return resolve(written.trim().replace(/^~(?=$|[\\/])/, homedir()));
}
