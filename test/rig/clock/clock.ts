import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { aTempFolder, type TempFolder } from '../folders.ts';

/** A clock of its own for the processes that get its `env`. */
export interface LeapingClock {
  readonly env: Readonly<Record<string, string>>;
  /** Sets it so many seconds ahead of the system's (negative: behind). */
  leap(seconds: number): void;
}

let built: TempFolder | null = null;
function library(): string {
  if (built === null) {
    built = aTempFolder('clock');
    const file = path.join(built.path, 'clock.so');
    execFileSync('cc', [
      ...['-shared', '-fPIC', '-O1', '-o', file],
      path.join(import.meta.dirname, 'clock.c'),
    ]);
    fs.chmodSync(file, 0o755);
  }
  return path.join(built.path, 'clock.so');
}

/** @param file where its time is kept; made. */
export function aLeapingClock(file: string): LeapingClock {
  const write = (seconds: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    // In place, because processes see this file as their memory.
    const handle = fs.openSync(file, fs.existsSync(file) ? 'r+' : 'w');
    fs.writeSync(handle, bytes, 0, 8, 0);
    fs.closeSync(handle);
  };
  write(0);
  fs.chmodSync(file, 0o644);
  return { env: { LD_PRELOAD: library(), LEAPING_CLOCK: file }, leap: write };
}
