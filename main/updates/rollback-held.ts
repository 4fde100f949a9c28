import type { Backup } from '../backups/index.ts';
import type { RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import type { BackupId, RemotePath } from '../words/index.ts';
import type { Hands } from './hands.ts';
import type { Baseline, Health } from './health.ts';
import type { OldVersion } from './old-version.ts';
import type { JournaledPart } from './run-plan.ts';

/** What is to be brought back, and from where. */
export interface BringingBack {
  readonly title: string;
  readonly parts: readonly JournaledPart[];
  readonly old: OldVersion;
  readonly backupId: BackupId;
  /** Whether the old version still lies on the site. */
  readonly isKept: boolean;
  readonly withDatabase: boolean;
}

/** A site that a rollback holds, and what it does there: over a shell, or over files alone. */
export interface HeldForRollback {
  readonly patient: Hands;
  /** Lays an old version from the store ready, before the site is backed up as it is; null: it comes afterwards. */
  readonly layReady: ((what: BringingBack) => Promise<void>) | null;
  /** Backs the site up as it is. */
  backUp(how: { touches: (path: string) => boolean; filesAlone: boolean }): Promise<Backup>;
  /** Has visitors shown the maintenance page, from the change of the site to the end. */
  close(): Promise<void>;
  /**
   * Brings the old version back and compares each of its files; afterwards, until `keep`, the site is brought back as it was found where
   * anything fails.
   */
  bringBack(what: BringingBack): Promise<void>;
  /** Has PHP run what lies there now. */
  settleCode(baseline: Baseline): Promise<void>;
  /** Brings the site back as it was found. */
  takeBack(): Promise<void>;
  /** What was done stays. */
  keep(): Promise<void>;
  /** Has a folder removed from the site at the end. */
  remove(folder: RemotePath): void;
}

/** Whose site is to be held for a rollback. */
export interface RollingBack {
  readonly site: Site;
  readonly privateFolder: RemotePath;
  readonly hands: Hands;
  readonly context: RunContext;
  readonly withDatabase: boolean;
  /** What is to be brought back. */
  readonly parts: readonly JournaledPart[];
}

/** How a rollback is done on a site; nothing is taken yet. */
export interface RollbackMeans {
  readonly health: Health;
  /** Does the work while holding the site; afterwards it is let go of (see `whileHeld`). */
  hold(php: string, work: (held: HeldForRollback) => Promise<RunResult>): Promise<RunResult>;
}
