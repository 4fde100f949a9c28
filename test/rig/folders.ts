import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { whenWeEnd } from './cleanup.ts';

/** A folder that goes away with whoever asked for it. */
export interface TempFolder {
  readonly path: string;
  /** Removes the folder with all that is in it. */
  remove(): void;
}

/** Makes a random temporary folder that other accounts may pass through but not list. */
export function aTempFolder(name = 'rig', inside = os.tmpdir()): TempFolder {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(inside, `groundskeeper-${name}-`)));
  fs.chmodSync(folder, 0o711);
  const remove = (): void =>
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  const removed = whenWeEnd(remove);
  return {
    path: folder,
    remove() {
      removed();
      remove();
    },
  };
}
