import type { Backup } from '../backups/index.ts';
import type { RunContext } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import type { RemotePath, RunId } from '../words/index.ts';
import type { CompiledCode } from './compiled-code.ts';
import type { Hands } from './hands.ts';
import type { Baseline, Health } from './health.ts';
import type { Ledger } from './ledger.ts';
import type { Part, PrepareOptions } from './part.ts';
import type { Prepared } from './prepare.ts';
import type { SwapItem } from './remote.ts';
import type { JournaledPart } from './run-plan.ts';
import type { WatchdogReport } from './watchdog-report.ts';

/** What an update would do, and where it will lay what it needs. */
export interface Looked extends Prepared {
  /** The private folder and the site's PHP; null: that is found out by trying, when the update begins. */
  readonly place: { readonly privateFolder: RemotePath; readonly php: string } | null;
}

/** How it is found out, without writing anything on the site, what an update would do. */
export interface Planning {
  look(wish: Pick<PrepareOptions, 'choices' | 'runId' | 'progress'>): Promise<Looked>;
  /** Whether something on the site brings it back where the run falls silent. */
  undoesByItself(): Promise<boolean>;
}

/** Whose hands do it, for which run. */
export interface Acting {
  readonly site: Site;
  readonly hands: Hands;
  readonly context: RunContext;
  /** The run that holds the site, or will. */
  readonly runId: RunId;
  readonly ledger: Ledger;
}

/** Why a backup is taken inside a run, and of what it has to hold every byte. */
export type BackUpWish = Readonly<{
  reason: Backup['reason'];
  touches: (path: string) => boolean;
}>;

/**
 * What an update does on a site, and what brings one back: over a shell, or over files alone. When and in which order it is done, what is
 * journaled and what is decided is not known here (update.ts, update-part.ts, recover.ts, settle.ts).
 */
export interface Operations {
  /** As it is known by now. */
  readonly site: Site;
  /** They end with the run's cancel. */
  readonly hands: Hands;
  /** For what has to happen even when the user cancelled or the network blinked. */
  readonly patient: Hands;
  readonly health: Health;
  readonly runFolder: RemotePath;
  readonly privateFolder: RemotePath;
  /** Whether the site is held by the run. */
  readonly held: boolean;
  /** Whether this run has put up the maintenance page. */
  readonly closed: boolean;
  /** Whether that page may be up, whoever put it there. */
  readonly mayBeClosed: boolean;
  /** What is left in the run's folder when it is over, beside the trees that are kept. */
  readonly leftovers: readonly string[];

  /** After the preflight: where things will lie is found, and noted before anything does. May take the site already. */
  begin(parts: readonly Part[], place: Looked['place']): Promise<void>;
  /** Takes the site, unless it was taken already. Nobody else updates it from here on, and nobody did since it was looked at. */
  take(parts: readonly Part[]): Promise<void>;
  backUp(wish: BackUpWish): Promise<Backup>;
  /** Lays a component's new version ready, each file compared with its package. @returns what will be swapped, in order */
  stage(part: Part, number: number): Promise<readonly SwapItem[]>;
  askCode(baseline: Baseline): Promise<CompiledCode | null>;
  /** Has PHP run what lies there now. */
  settleCode(baseline: Baseline, by?: Hands): Promise<void>;
  /** Has the site brought back by itself where the run falls silent, as far as anything there can. */
  arm(baseline: Baseline, agreed: boolean): Promise<void>;
  /** Says what brings the site back from here on; `part` null: nothing is needed, component `index` is well. */
  setUndo(part: JournaledPart | null, index: number, by?: Hands): Promise<void>;
  /** Shows visitors the maintenance page, and renews it. */
  close(): Promise<void>;
  /** Nothing renews the page any more. */
  stopRenewing(): void;
  /** Takes the page away. */
  open(): Promise<void>;
  readonly dumpTitle: string;
  /** Dumps the database as it is. @returns where the journal finds it, and a word for the step */
  dump(index: number): Promise<{ noted: Pick<JournaledPart, 'dump' | 'storedDump'>; detail: string }>;
  /** The database's schema as text; null: it cannot be read here. */
  schema(): Promise<string | null>;
  swap(part: JournaledPart): Promise<void>;
  /** The platform's own upgrade of its database. @throws Problem `migration-silent` */
  migrate(baseline: Baseline): Promise<void>;
  /**
   * Brings a component back, and its database where it was dumped. Works over the filesystem when PHP on the site is dead; may be done
   * again at any point.
   */
  undo(part: JournaledPart): Promise<void>;

  /** Takes up what a run that died left: what of it is still at work is ended. */
  takeUp(): Promise<{ readonly ours: boolean; readonly report: WatchdogReport | null }>;
  /** What a watchdog or another computer did that brought the site back and let go of it, while this run could not reach it; null: none did. */
  fired(): Promise<WatchdogReport | null>;
  /** Nothing says any more that the run lives. May be called again. */
  end(): void;
  /** Nothing watches over the site any more. */
  disarm(): Promise<void>;
  /** Removes what may not stay however the run ended. @throws Problem where it stays */
  withdraw(): Promise<void>;
  /** Removes what is named and lets go of the site. May be done again. */
  leave(remove: readonly RemotePath[]): Promise<void>;
}
