import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { whenWeEnd } from './cleanup.ts';
import { aTempFolder } from './folders.ts';

/** A folder on a disk of its own, which can be filled. */
export interface SmallDisk {
  readonly path: string;
  /** false: it lies on the system's disk, because this account may not mount one. */
  readonly ownDisk: boolean;
  /** Writes until nothing more goes in. */
  fill(): void;
  /** Takes away what `fill` has written. */
  empty(): void;
  remove(): void;
}

/** A folder on a tmpfs, where we may mount one. */
export function aSmallDisk(name: string, megabytes: number): SmallDisk {
  const temp = aTempFolder(name);
  let ownDisk = true;
  try {
    const options = `size=${megabytes}m,mode=0711`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'groundskeeper', temp.path], { stdio: 'ignore' });
  } catch {
    ownDisk = false;
  }
  const unmount = () => {
    if (ownDisk) execFileSync('umount', ['--lazy', temp.path], { stdio: 'ignore' });
  };
  const unmounted = whenWeEnd(unmount);
  const ballast = path.join(temp.path, 'ballast');
  return {
    path: temp.path,
    ownDisk,
    fill() {
      if (!ownDisk) throw new Error('this disk is the system’s');
      const file = fs.openSync(ballast, 'w');
      // Whole pieces first, then the rest byte by byte.
      for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 64)) {
        const piece = Buffer.alloc(size);
        try {
          for (;;) if (fs.writeSync(file, piece) < size) break;
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
        }
      }
      fs.closeSync(file);
    },
    empty: () => fs.rmSync(ballast, { force: true }),
    remove() {
      unmounted();
      unmount();
      temp.remove();
    },
  };
}
