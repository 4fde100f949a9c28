import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { aTempFolder, type TempFolder } from '../folders.ts';

/** What the disk does, from the write point `at` on; points are counted from 1 since it was last told what to do. */
export type DiskFault =
  | { readonly does: 'nothing' }
  /** SIGKILL: before that point, half-way through what it writes, or as a power cut: what was not synced is lost in part. */
  | { readonly does: 'kill' | 'tear' | 'cut-power'; readonly at: number; readonly seed?: number }
  /** Calls fail. `until`: the first point that works again. */
  | {
      readonly does: 'refuse';
      readonly with: 'ENOSPC' | 'EIO' | 'EROFS' | 'ESTALE';
      readonly at?: number;
      readonly until?: number;
      readonly what: readonly CallKind[];
    }
  /**
   * It is not there any more: from the call `at` on (counted are all calls) each fails, until it `comes-back`. Files that were open stay dead
   * then, as on a disk that was taken away.
   */
  | { readonly does: 'go'; readonly with: 'ENOENT' | 'EIO' | 'ESTALE'; readonly at?: number }
  | { readonly does: 'come-back' };

/** `space`: what needs room (writing, making files and folders); `change`: other changes; `read`: looking. */
export type CallKind = 'space' | 'sync' | 'change' | 'read';

/** A disk that fails on demand, for the process that gets its `env`. */
export interface FailingDisk {
  readonly env: Readonly<Record<string, string>>;
  will(fault: DiskFault): void;
  /** Write points so far; with `go`, calls of every kind. */
  count(): number;
}

const ACTIONS = { nothing: 0, kill: 1, tear: 2, 'cut-power': 3, refuse: 4, go: 5, 'come-back': 0 } as const;
const KINDS = { space: 1, sync: 2, change: 4, read: 8 } as const;
const NEVER = 0x7fffffff;

/** Whether there can be one here: it is a library for the C library of Linux. */
export const disksCanFail = process.platform === 'linux';

let built: TempFolder | null = null;
function library(): string {
  if (built === null) {
    built = aTempFolder('disk');
    execFileSync('cc', [
      ...['-shared', '-fPIC', '-O1', '-o', path.join(built.path, 'disk.so')],
      ...[path.join(import.meta.dirname, 'failing-disk.c'), '-ldl', '-lpthread'],
    ]);
  }
  return path.join(built.path, 'disk.so');
}

/**
 * @param folder what lies below it is on that disk
 * @param beside a folder on the same disk, for what the fault needs itself
 */
export function aFailingDisk(folder: string, beside: string): FailingDisk {
  const control = path.join(beside, 'disk-control');
  const save = path.join(beside, 'disk-save');
  fs.mkdirSync(save, { recursive: true });
  /** How often it has come back. */
  let visit = 0;
  const numbers = (values: readonly number[]) => {
    const bytes = Buffer.alloc(32);
    for (const [at, value] of values.entries()) bytes.writeInt32LE(value, at * 4);
    bytes.writeInt32LE(visit, 28);
    return bytes;
  };
  fs.writeFileSync(control, numbers([]));
  const set = (values: readonly number[]) => {
    // In place, because the process sees this file as its memory.
    const file = fs.openSync(control, 'r+');
    fs.writeSync(file, numbers(values), 0, 32, 0);
    fs.closeSync(file);
  };
  return {
    env: {
      LD_PRELOAD: library(),
      FAILING_DISK: control,
      FAILING_DISK_UNDER: folder,
      FAILING_DISK_SAVE: save,
    },
    will(fault) {
      fs.rmSync(save, { recursive: true, force: true });
      fs.mkdirSync(save);
      const action = ACTIONS[fault.does];
      if (fault.does === 'come-back') visit += 1;
      if (fault.does === 'nothing' || fault.does === 'come-back') set([0]);
      else if (fault.does === 'go')
        set([0, action, fault.at ?? 0, NEVER, os.constants.errno[fault.with] ?? 0]);
      else if (fault.does === 'refuse')
        set([
          ...[0, action, fault.at ?? 0, fault.until ?? NEVER, os.constants.errno[fault.with] ?? 0],
          fault.what.reduce((all, kind) => all | KINDS[kind], 0),
        ]);
      else set([0, action, fault.at, 0, 0, 0, fault.seed ?? 1]);
    },
    count: () => fs.readFileSync(control).readInt32LE(0),
  };
}
