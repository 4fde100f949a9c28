import type { Backup, DatabaseScripts, Store } from '../backups/index.ts';
import type { CheckRecords } from '../checks/index.ts';
import type { Reach } from '../connections/index.ts';
import type { Platforms } from '../platforms/index.ts';
import type { RunContext } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import type { Clock, RemotePath, SiteId } from '../words/index.ts';
import type { BackUpOptions } from './back-up.ts';
import type { RunnerParts } from './files-only/runner-file.ts';
import type { HealthServices } from './health.ts';
import type { KeptTrees } from './kept.ts';
import type { PrepareServices } from './part.ts';
import type { Choice } from './plan.ts';

/** Everything an update needs from the rest of the app. */
export interface UpdateServices extends PrepareServices, HealthServices {
  readonly reach: Reach;
  /** Over a connection that is closed afterwards. */
  readonly apart: Reach;
  readonly platforms: Platforms;
  readonly records: CheckRecords;
  readonly databaseScripts: DatabaseScripts;
  readonly kept: KeptTrees;
  readonly clock: Clock;
  /** Seconds of silence after which what is left on a site brings it back. */
  readonly lease: number;
  readonly keepOldDays: () => number;
  /** Takes and verifies a backup inside the run; see backUpSite. */
  readonly backUp: (
    site: Site,
    reason: Backup['reason'],
    context: RunContext,
    options?: BackUpOptions,
  ) => Promise<Backup>;
  readonly setPrivateFolder: (siteId: SiteId, folder: RemotePath) => Site;
  /** Reads the site again after a run, so that what waits is true. */
  readonly afterRun: (site: Site) => Promise<void>;
}

/** What runs need that also bring things back from the store, or by the site's own PHP. */
export interface RollbackServices extends UpdateServices {
  readonly store: Store;
  /** What the one-time runner over SFTP is made of. */
  readonly runner: RunnerParts;
}

/** What is to be updated, and what the user agreed to. */
export interface UpdateWish {
  readonly choices: readonly Choice[];
  /**
   * Whether a migration may run where nothing on the site could undo it by itself. Only a person who is there agrees to that: what
   * runs by itself never does.
   */
  readonly withoutWatchdog: boolean;
  /** Whether it is done though no page of the site answers: nothing can judge it then. Only a person agrees to that, too. */
  readonly thoughDown: boolean;
}
