import { type AnySchema, eventIterator, oc } from '@orpc/contract';
import { z } from 'zod';
import {
  Backup,
  BackupEntry,
  BackupTable,
  Comparison,
  Copy,
  CopyDraft,
  CopyState,
  FileHistory,
  FoundFile,
  LeaveOutPreview,
  LeaveOutRule,
  PlaceFound,
  PlaceSecrets,
  PlaceSettings,
  PruneReport,
  Retention,
  StoreSpace,
  StoreState,
  TableRows,
  WholeCell,
} from '../backups/index.ts';
import { Update } from '../checks/index.ts';
import { ConfiguredHost, Trial, UnknownHostKey } from '../connections/index.ts';
import { HistoryEntry } from '../history/index.ts';
import { Installation, Inventory } from '../platforms/index.ts';
import { LogLine, Run, RunDetails, RunKind } from '../runs/index.ts';
import { KeepRules, Preferences, PreferencesEdit } from '../settings/index.ts';
import { ConnectionSettings, Site, SiteDraft, SiteEdit } from '../sites/index.ts';
import {
  Assessment,
  Finding,
  Choice,
  ElsewherePlan,
  RepairChoice,
  RepairPlan,
  RollbackPreview,
  UpdatePlan,
} from '../updates/index.ts';
import { BackupId, CopyId, ProblemShape, RunId, SiteId } from '../words/index.ts';

/** Every procedure is made here, so that none exists without a schema for what goes in and what comes out. */
function procedure<In extends AnySchema, Out extends AnySchema>(input: In, output: Out) {
  return oc.input(input).output(output);
}

const Nothing = z.object({});
const Started = z.object({ runId: RunId });
const Thin = z.object({ thin: z.boolean().default(false) });
/** What is left out of a site's backups beside what its platform says. */
const LeaveOutRules = z.object({
  leaveOut: z.array(LeaveOutRule).max(200),
  take: z.array(z.string()).max(200),
  largerThanMb: z.number().min(1).max(1_000_000).nullable(),
});
const FileStart = z.object({
  base64: z.string(),
  size: z.number(),
  truncated: z.boolean(),
  text: z.boolean(),
});
const StartedMany = z.object({ runIds: z.array(RunId) });

/** Secrets of a connection, as typed by the user; they go to the keychain and are never sent back. */
const Secrets = z.object({
  /** Per hop: 0 is the site's own server, 1… the jump hosts in order. */
  passwords: z.array(z.object({ hop: z.number().int().min(0), password: z.string() })).default([]),
  passphrases: z.array(z.object({ hop: z.number().int().min(0), passphrase: z.string() })).default([]),
});

const RunningBrief = z.object({ id: RunId, kind: RunKind, title: z.string() });

/** One row of the sites table. */
const SiteSummary = z.object({
  site: Site,
  /** `unchecked`: never read yet. `unreachable`: the last check failed. */
  state: z.enum(['ok', 'waiting', 'working', 'failed', 'unchecked']),
  coreVersion: z.string().nullable(),
  php: z.string().nullable(),
  waiting: z.object({ total: z.number(), fitting: z.number(), security: z.number(), major: z.number() }),
  checkedAt: z.number().nullable(),
  backedUpAt: z.number().nullable(),
  /** Its last backup is older than wanted, or there is none. */
  overdue: z.boolean(),
  /** When a drill last proved one of its backups restorable. */
  provedAt: z.number().nullable(),
  /** Why the last check or update failed; null when it did not. */
  problem: ProblemShape.nullable(),
  running: RunningBrief.nullable(),
});

/** A line of the history as the window shows it. */
export const HistoryLine = HistoryEntry.extend({
  /** Whether there is an update in it, or a part of one, that can be taken back now. */
  undoable: z.boolean(),
});
export type HistoryLine = z.infer<typeof HistoryLine>;

const SiteDetails = z.object({
  summary: SiteSummary,
  inventory: Inventory.nullable(),
  updates: z.array(Update),
  /** Runs whose update can be taken back, newest first. */
  undoable: z.array(z.object({ runId: RunId, title: z.string(), endedAt: z.number() })),
});

/** What the app tells its windows. Each says what changed; the window asks again for what it shows. */
const AppEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('sites') }),
  z.object({ kind: z.literal('site'), siteId: SiteId }),
  z.object({ kind: z.literal('run'), run: Run }),
  /** `siteId` null: all of them. */
  z.object({ kind: z.literal('backups'), siteId: SiteId.nullable() }),
  /** The store's copies: which there are, and what was seen of them. */
  z.object({ kind: z.literal('copies') }),
  z.object({ kind: z.literal('preferences') }),
  /** A toast's click: the window goes there. */
  z.object({ kind: z.literal('go'), to: z.string() }),
]);

const AppInfo = z.object({
  version: z.string(),
  shell: z.enum(['desktop', 'web', 'terminal']),
  dataFolder: z.string(),
  /** Where secrets rest; `session`: nowhere, they are asked for again after a restart. */
  keychain: z.object({
    kind: z.enum(['system', 'weak', 'passphrase', 'session']),
    name: z.string(),
    warning: z.string().nullable(),
  }),
});

const Draft = z.object({ connection: ConnectionSettings, secrets: Secrets.prefault({}) });

/** What trying a place found. */
const PlaceTrial = z.discriminatedUnion('outcome', [
  PlaceFound.extend({ outcome: z.literal('ok') }),
  /** The user has to compare this fingerprint once. */
  z.object({ outcome: z.literal('unknown-host'), key: UnknownHostKey }),
  z.object({ outcome: z.literal('failed'), problem: ProblemShape, key: UnknownHostKey.optional() }),
]);

/** A site that the backups know. */
const LostSite = z.object({
  siteId: SiteId,
  name: z.string(),
  latest: Backup,
  backups: z.number().int(),
  /** How it was reached and what was set for it; null: its backups are of an older version that did not say. */
  known: Site.nullable(),
  /** It is in the list, with these backups. */
  isHere: z.boolean(),
  /** A site in the list that seems to be the same and has another id; null: none. */
  twin: SiteId.nullable(),
});

const ImportResult = z.object({
  added: z.array(z.string()),
  /** Each line that was refused, and why. */
  refused: z.array(z.object({ line: z.number(), name: z.string(), why: z.string() })),
});

/**
 * Every procedure and event stream that a shell may use. The renderer's and the terminal's clients are
 * typed by this; the router in `router.ts` does not compile unless it implements all of it.
 */
export const contract = {
  app: {
    info: procedure(Nothing, AppInfo),
    /** Everything that changes, as it changes. The first event is always `sites`. */
    events: procedure(Nothing, eventIteratorOf(AppEvent)),
  },
  sites: {
    list: procedure(Nothing, z.array(SiteSummary)),
    show: procedure(z.object({ siteId: SiteId }), SiteDetails),
    /** Site by id or by name. */
    find: procedure(z.object({ nameOrId: z.string() }), Site),
    add: procedure(z.object({ draft: SiteDraft, secrets: Secrets.prefault({}) }), Site),
    edit: procedure(z.object({ siteId: SiteId, edit: SiteEdit, secrets: Secrets.prefault({}) }), Site),
    remove: procedure(
      z.object({ siteId: SiteId, backups: z.enum(['keep', 'delete']) }),
      /** Pinned backups stay. */
      z.object({ backupsDeleted: z.number(), backupsPinned: z.number() }),
    ),
    exportAll: procedure(
      z.object({ format: z.enum(['json', 'csv']) }),
      z.object({ fileName: z.string(), text: z.string() }),
    ),
    importAll: procedure(
      z.object({ format: z.enum(['json', 'csv']), text: z.string().max(20_000_000) }),
      ImportResult,
    ),
  },
  connections: {
    /** Reads what a person pasted: `ssh deploy@example.org -p 2222`, `deploy@example.org`, a name from ~/.ssh/config. */
    parse: procedure(z.object({ text: z.string().max(2000) }), ConnectionSettings),
    configuredHosts: procedure(Nothing, z.array(ConfiguredHost)),
    /** Connects, says what answered. Nothing is stored. */
    test: procedure(Draft, Trial),
    testSite: procedure(z.object({ siteId: SiteId }), Trial),
    /** The user compared the fingerprint: it is right. `replaces`: they typed `replace` for a changed key. */
    trust: procedure(z.object({ key: UnknownHostKey, replaces: z.boolean().default(false) }), Nothing),
    /** Looks for installations in the usual places. */
    findInstallations: procedure(Draft, z.array(Installation)),
    /** Reads one folder that the user names. null: no known platform there. */
    look: procedure(Draft.extend({ root: z.string().min(1) }), Installation.nullable()),
  },
  platforms: {
    list: procedure(
      Nothing,
      z.array(
        z.object({
          id: z.string(),
          name: z.string(),
          updates: z.boolean(),
          /** Paths that are usually no part of a backup. */
          leavesOut: z.array(z.string()),
        }),
      ),
    ),
  },
  checks: {
    /** No ids: all sites. `force`: sources are asked again although their answer is fresh, every site is read in full. */
    start: procedure(
      z.object({ siteIds: z.array(SiteId).optional(), force: z.boolean().default(false) }),
      StartedMany,
    ),
  },
  updates: {
    list: procedure(z.object({ siteId: SiteId.optional() }), z.array(Update)),
    /** Everything about a site that an update, a rollback or a repair would stumble over. Writes nothing. */
    examine: procedure(z.object({ siteId: SiteId }), z.array(Finding)),
    /** What it would do. Writes nothing. */
    plan: procedure(z.object({ siteId: SiteId, choices: z.array(Choice).min(1) }), UpdatePlan),
    /**
     * `withoutWatchdog`: a person agrees that the database is changed where nothing on the server could undo that by itself
     * (the plan's `watchdog.needsConsent`); it is refused otherwise. `thoughDown`: the same, where the site does not answer (the plan's
     * `down`). Nothing that runs by itself may say so.
     */
    start: procedure(
      z.object({
        siteId: SiteId,
        choices: z.array(Choice).min(1),
        withoutWatchdog: z.boolean().default(false),
        thoughDown: z.boolean().default(false),
      }),
      Started,
    ),
    /** `to`: in place of one update, everything back to the versions that it had in that backup. `components`: slugs, when not all. */
    rollbackPreview: procedure(
      z.object({
        siteId: SiteId,
        runId: RunId.optional(),
        to: BackupId.optional(),
        components: z.array(z.string()).optional(),
      }),
      RollbackPreview,
    ),
    /** `runId`: which update; the latest otherwise. `components`: slugs, when not all of them. */
    rollback: procedure(
      z.object({
        siteId: SiteId,
        runId: RunId.optional(),
        to: BackupId.optional(),
        components: z.array(z.string()).optional(),
        database: z.enum(['keep', 'restore']).default('keep'),
        /** A person was told what stands in the way (the preview’s `obstacles`), and has it done all the same where that can be. */
        force: z.boolean().default(false),
      }),
      Started,
    ),
  },
  repairs: {
    /** What of the installed components is not as it was released. No choices: whatever differs, where the release is known. Writes nothing. */
    plan: procedure(
      z.object({ siteId: SiteId, choices: z.array(RepairChoice).min(1).optional() }),
      RepairPlan,
    ),
    start: procedure(z.object({ siteId: SiteId, choices: z.array(RepairChoice).min(1).optional() }), Started),
    /** At most `limit` bytes of a file as its release has it, base64. */
    original: procedure(
      RepairChoice.pick({ kind: true, slug: true }).extend({
        siteId: SiteId,
        path: z.string().min(1),
        limit: z.number().int().min(1).max(4_194_304).default(262_144),
      }),
      FileStart,
    ),
  },
  backups: {
    list: procedure(z.object({ siteId: SiteId.optional() }), z.array(Backup)),
    /** `sweep`: what looks unchanged is compared by its contents as well. */
    start: procedure(z.object({ siteId: SiteId, sweep: z.boolean().default(false) }), Started),
    /** `path` relative to the site's root; '' is the root. */
    folder: procedure(z.object({ backupId: BackupId, path: z.string() }), z.array(BackupEntry)),
    /** At most `limit` bytes of a file, base64. */
    file: procedure(
      z.object({
        backupId: BackupId,
        path: z.string(),
        limit: z.number().int().min(1).max(4_194_304).default(262_144),
      }),
      FileStart,
    ),
    /** At most `limit` bytes of a file as it is on the site now, base64. */
    liveFile: procedure(
      z.object({
        siteId: SiteId,
        path: z.string().min(1),
        limit: z.number().int().min(1).max(4_194_304).default(262_144),
      }),
      FileStart,
    ),
    /** Files whose path matches a glob, each version once, over all backups of a site, or of all sites; newest first. */
    find: procedure(z.object({ siteId: SiteId.optional(), glob: z.string().min(1) }), z.array(FoundFile)),
    /** What differs. Without `before`: against the backup of the same site that was taken before it. */
    compare: procedure(
      z.object({
        before: BackupId.optional(),
        /** `live`: the site that `before` was taken of, as it is now. */
        after: z.union([BackupId, z.literal('live')]),
        path: z.string().default(''),
        limit: z.number().int().min(1).max(100_000).default(20_000),
      }),
      Comparison,
    ),
    /** Every version of one file over all backups of a site. */
    fileHistory: procedure(z.object({ siteId: SiteId, path: z.string().min(1) }), FileHistory),
    /** The tables of a backup's database. */
    tables: procedure(z.object({ backupId: BackupId }), z.array(BackupTable)),
    /** Rows of a table from one of them on, long values cut. `find`: only rows that have this text somewhere; `next` may come before a first one is found. */
    rows: procedure(
      z.object({
        backupId: BackupId,
        table: z.string().min(1),
        from: z.number().int().min(0).default(0),
        limit: z.number().int().min(1).max(500).default(100),
        find: z.string().max(500).default(''),
      }),
      TableRows,
    ),
    /** One value, up to a mebibyte of it. */
    cell: procedure(
      z.object({
        backupId: BackupId,
        table: z.string().min(1),
        at: z.number().int().min(0),
        column: z.number().int().min(0),
      }),
      WholeCell,
    ),
    /** What restoring all of a backup to another site would do. Nothing is changed. */
    elsewhere: procedure(z.object({ backupId: BackupId, siteId: SiteId }), ElsewherePlan),
    /**
     * No paths: everything. `folder` is on this computer; `site` is the site that it was taken from, or with `siteId` another one, which gets all
     * of it and keeps its configuration and its address.
     */
    restore: procedure(
      z.object({
        backupId: BackupId,
        paths: z.array(z.string()).default([]),
        /** Only these tables of the database, and no files: to the site, or as SQL into a file that is not there yet. */
        tables: z.array(z.string().min(1)).max(1000).default([]),
        to: z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('file'), file: z.string().min(1) }),
          z.object({ kind: z.literal('folder'), folder: z.string().min(1) }),
          z.object({ kind: z.literal('site'), siteId: SiteId.optional() }),
        ]),
        database: z.boolean().default(false),
      }),
      Started,
    ),
    /** The whole backup as one zip on this computer; `~` is the user's folder. Nothing is overwritten. */
    export: procedure(z.object({ backupId: BackupId, file: z.string().min(1) }), Started),
    /** `rolling`: not all of it, but today's share of what was read longest ago, as is done by itself. */
    verify: procedure(
      z.object({ backupId: BackupId.optional(), rolling: z.boolean().default(false) }),
      Started,
    ),
    /**
     * Restores all of it into a folder on this computer (a temporary one when none is named), compares every byte, proves the
     * database, and deletes what was restored.
     */
    drill: procedure(z.object({ backupId: BackupId, folder: z.string().min(1).optional() }), Started),
    remove: procedure(z.object({ backupId: BackupId }), Nothing),
    /**
     * What the rules (those that are set, or others to try) keep, and why; newest first. Changes nothing.
     * `own`: a site's own rules win over those to try.
     */
    keeping: procedure(
      z.object({ siteId: SiteId.optional(), rules: KeepRules.optional(), own: z.boolean().default(true) }),
      z.array(Retention),
    ),
    /**
     * What a site's rules leave out (those that are set, or others to try), found by listing all its files. Changes nothing.
     * `usual`: what its platform leaves out.
     */
    leaveOut: procedure(
      z.object({ siteId: SiteId, rules: LeaveOutRules.optional() }),
      LeaveOutPreview.extend({ usual: z.array(z.string()) }),
    ),
    /** A pinned backup is not removed, by hand or by itself, until it is unpinned. */
    pin: procedure(z.object({ backupId: BackupId, note: z.string().trim().max(200).default('') }), Backup),
    unpin: procedure(z.object({ backupId: BackupId }), Backup),
  },
  store: {
    state: procedure(Nothing, StoreState),
    /** A new recovery phrase, shown this once and kept nowhere. The one before holds until this one is confirmed. */
    makePhrase: procedure(Nothing, z.object({ phrase: z.string() })),
    /** The user has kept it: it replaces the one before, here and in the copies. `runIds`: those that bring copies up to date. */
    confirmPhrase: procedure(
      z.object({ phrase: z.string().max(200) }),
      z.object({ state: StoreState, runIds: z.array(RunId) }),
    ),
    /** The user has not kept it: the one before goes on to hold. */
    dropPhrase: procedure(Nothing, StoreState),
    unlock: procedure(z.object({ phrase: z.string().max(200) }), StoreState),
    /** What giving back space would give. Changes nothing. `thin`: backups that the rules do not keep go first. */
    prunePlan: procedure(Thin, PruneReport.extend({ backups: z.array(Backup) })),
    prune: procedure(Thin, Started),
    /** Who needs what in the store: each site alone, several together, nobody. */
    space: procedure(Nothing, StoreSpace),
    rebuildIndex: procedure(Nothing, Nothing),
    /** To another folder on this computer. `removeOld`: the folder before is emptied when all is in the new one. */
    move: procedure(z.object({ folder: z.string().min(1), removeOld: z.boolean().default(true) }), Started),
  },
  copies: {
    list: procedure(Nothing, z.array(CopyState)),
    /** By id or by name. */
    find: procedure(z.object({ nameOrId: z.string() }), Copy),
    /** Goes to a place and looks what lies there; a folder that is not there yet is made. Nothing is stored. */
    test: procedure(z.object({ place: PlaceSettings, secrets: PlaceSecrets.prefault({}) }), PlaceTrial),
    /** Looks first, then brings the new copy up to date. */
    add: procedure(
      z.object({ draft: CopyDraft, secrets: PlaceSecrets.prefault({}) }),
      z.object({ copy: Copy, runId: RunId }),
    ),
    edit: procedure(
      z.object({
        copyId: CopyId,
        edit: CopyDraft.pick({ name: true, automatic: true }).partial(),
        secrets: PlaceSecrets.prefault({}),
      }),
      Copy,
    ),
    /** `runId` null: only forgotten, what lies there stays. */
    remove: procedure(
      z.object({ copyId: CopyId, files: z.enum(['keep', 'delete']) }),
      z.object({ runId: RunId.nullable() }),
    ),
    /** `letGo`: what the store has no more goes there too, although it is much or nobody removed it here. */
    update: procedure(z.object({ copyId: CopyId, letGo: z.boolean().default(false) }), Started),
    /** Names what is damaged there and sends it again. `download`: everything is read back to here, although the place can hash. */
    verify: procedure(
      z.object({
        copyId: CopyId,
        depth: z.enum(['quick', 'deep']).default('deep'),
        download: z.boolean().default(false),
      }),
      Started,
    ),
    /** Fetches from the copy what is damaged or lost in the store here. */
    heal: procedure(z.object({ copyId: CopyId }), Started),
    /** On a new computer: fetches the whole store from a copy that was made elsewhere. */
    bringBack: procedure(z.object({ draft: CopyDraft, secrets: PlaceSecrets.prefault({}) }), Started),
  },
  /** Everything back on a new computer, from nothing but the store (see `copies.bringBack`, `store.unlock`) and access to the sites. */
  emergency: {
    /** Every site that the backups know, the latest backed up first. */
    sites: procedure(Nothing, z.array(LostSite)),
    /** As `connections.test`; servers count as known by the keys that the computer before knew them by, where the store is sealed. */
    tryAccess: procedure(Draft.extend({ siteId: SiteId }), Trial),
    /** Puts a site into the list under the id that its backups have. @throws Problem `no-backups-of-site`, `site-exists` */
    bringSite: procedure(z.object({ siteId: SiteId, draft: SiteDraft, secrets: Secrets.prefault({}) }), Site),
    /** A site that was added anew gets the backups of `siteId`, and with them that id. @throws Problem `has-its-own` */
    adopt: procedure(z.object({ siteId: SiteId, as: SiteId }), Site),
    /** Asks the site for the truth: a run of the computer before that was cut off is undone there, or let go of. */
    settle: procedure(z.object({ siteId: SiteId }), Started),
    /** How it is, its newest good backup, and what restoring that would change. Writes nothing. */
    assess: procedure(z.object({ siteId: SiteId }), Assessment),
  },
  runs: {
    list: procedure(
      z.object({ siteId: SiteId.optional(), limit: z.number().int().min(1).max(1000).default(100) }),
      z.array(Run),
    ),
    show: procedure(z.object({ runId: RunId }), RunDetails),
    /** What it did, saw and took back, in plain words with times. */
    story: procedure(
      z.object({ runId: RunId }),
      z.object({
        chapters: z.array(z.object({ title: z.string(), lines: z.array(z.string()) })),
        text: z.string(),
      }),
    ),
    /** A picture of a page, as a step of the run names it. */
    picture: procedure(
      z.object({ runId: RunId, name: z.string().max(60) }),
      z.object({ base64: z.string() }),
    ),
    cancel: procedure(z.object({ runId: RunId }), Nothing),
    /** Log lines from `after` on, as they come; ends with the run. */
    follow: procedure(
      z.object({ runId: RunId, after: z.number().int().default(0) }),
      eventIteratorOf(LogLine),
    ),
    /** Finishes or undoes what a crash left. */
    recover: procedure(
      Nothing,
      z.object({ recovered: z.array(z.object({ runId: RunId, title: z.string(), outcome: z.string() })) }),
    ),
    /** Brings a site back from a run of another computer that was cut off, with what that left on the site. @throws Problem `nothing-cut-off`, `site-busy` */
    takeOver: procedure(z.object({ siteId: SiteId }), Started),
  },
  history: {
    list: procedure(
      z.object({ siteId: SiteId.optional(), limit: z.number().int().min(1).max(5000).default(200) }),
      z.array(HistoryLine),
    ),
    /** Whether anything of it was changed or removed since it was written; `head` is the newest entry's link. */
    check: procedure(
      Nothing,
      z.object({
        entries: z.number().int(),
        head: z.string(),
        broken: z.object({ id: z.number().int(), why: z.enum(['changed', 'missing-before']) }).nullable(),
      }),
    ),
    exportAll: procedure(
      z.object({ format: z.enum(['jsonl', 'csv']) }),
      z.object({ fileName: z.string(), text: z.string() }),
    ),
  },
  preferences: {
    get: procedure(Nothing, Preferences),
    set: procedure(PreferencesEdit, Preferences),
  },
};

/** An event stream whose every event is validated. */
function eventIteratorOf<T extends z.ZodType>(schema: T) {
  return eventIterator(schema);
}

export type Contract = typeof contract;
export type SiteSummary = z.infer<typeof SiteSummary>;
export type SiteDetails = z.infer<typeof SiteDetails>;
export type AppEvent = z.infer<typeof AppEvent>;
export type AppInfo = z.infer<typeof AppInfo>;
export type LostSite = z.infer<typeof LostSite>;
export type PlaceTrial = z.infer<typeof PlaceTrial>;
export type Secrets = z.infer<typeof Secrets>;
