import type { Backup, Copies, CopyRuns, MovableStore, Tables } from '../backups/index.ts';
import type { CheckRecords, CheckServices } from '../checks/index.ts';
import type { Connections, HostKeys, Reach, SecretsOf, SshConfig } from '../connections/index.ts';
import type { History } from '../history/index.ts';
import type { Platforms } from '../platforms/index.ts';
import type { Run, RunContext, Runs } from '../runs/index.ts';
import type { LastDone } from '../schedule/index.ts';
import type { Keychain, Secrets, Settings } from '../settings/index.ts';
import type { Site, Sites } from '../sites/index.ts';
import type { BackUpOptions, ElsewhereServices } from '../updates/index.ts';
import type { Clock, Signal, SiteId } from '../words/index.ts';
import type { AppEvent, AppInfo } from './contract.ts';

/** Everything the procedures work with; app.ts builds it. */
export interface Services {
  readonly info: Omit<AppInfo, 'keychain'>;
  readonly keychain: Keychain;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly secrets: Secrets;
  readonly sites: Sites;
  readonly history: History;
  readonly runs: Runs;
  readonly connections: Connections;
  readonly hostKeys: HostKeys;
  /** Read anew at each call, because the user edits it. */
  readonly sshConfig: () => SshConfig;
  readonly reach: Reach;
  readonly platforms: Platforms;
  readonly store: MovableStore;
  readonly copies: Copies;
  readonly copyRuns: CopyRuns;
  readonly tables: Tables;
  readonly records: CheckRecords;
  readonly checks: CheckServices;
  readonly updates: ElsewhereServices;
  readonly lastDone: LastDone;
  readonly events: Signal<AppEvent>;
  readonly secretsOf: (siteId: SiteId) => SecretsOf;
  readonly hostOf: (site: Site) => string | null;
  /** See backUpSite. */
  readonly backUp: (
    site: Site,
    reason: Backup['reason'],
    context: RunContext,
    options?: BackUpOptions,
  ) => Promise<Backup>;
  /** Finishes or undoes what was cut off: on one site, or everywhere. */
  readonly recover: (only?: SiteId) => Promise<Run[]>;
}
