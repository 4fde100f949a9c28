import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  clientOf,
  createRouter,
  drillFolder,
  type AppEvent,
  type AppInfo,
  type AppRouter,
  type Client,
  type Services,
} from './api/index.ts';
import {
  createCopyRuns,
  createUpkeep,
  keyFile,
  openCopies,
  openMovableStore,
  openRemoved,
  openStoreHome,
  openTables,
  storeKeeper,
} from './backups/index.ts';
import { openCheckRecords, refreshUpdates, type CheckServices } from './checks/index.ts';
import {
  createConnections,
  keysOnTheWay,
  openHostKeys,
  readSshConfig,
  type Reach,
  type SecretsOf,
} from './connections/index.ts';
import { openDatabase, takeOwnership } from './database/index.ts';
import { dutiesOf } from './duties.ts';
import { openHistory } from './history/index.ts';
import { openLog } from './log.ts';
import { noticeOf, type Notice } from './notify/index.ts';
import { openPlatforms } from './platforms/index.ts';
import { openAnswers, openPackages } from './releases/index.ts';
import { createLanes, createRuns, openJournal, storyText, type Run, type Runs } from './runs/index.ts';
import { createSchedule, openLastDone } from './schedule/index.ts';
import { openSecrets, openSettings, type Keychain, type OpenJsonFile } from './settings/index.ts';
import { openSites, type Site } from './sites/index.ts';
import {
  backUpOverSftp,
  backUpSite,
  expireKept,
  openKeptTrees,
  leaseOf,
  openPictures,
  recoverBackUp,
  recoverOther,
  recoverUpdate,
  type Browser,
  type ElsewhereServices,
} from './updates/index.ts';
import { asProblem, createSignal, Problem, type Clock, type SiteId } from './words/index.ts';

export interface AppOptions {
  readonly dataFolder: string;
  readonly shell: AppInfo['shell'];
  readonly version: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly keychain: Keychain;
  /** Settings and sites: electron-store in Electron, `conf` elsewhere. */
  readonly files: OpenJsonFile;
  /** The folder `resources/`. */
  readonly resourcesFolder: string;
  /** Checks by itself and recovers what a crash left; off for a single command. */
  readonly stays: boolean;
  readonly clock?: Clock;
  /** Takes pictures of sites: Electron’s own window, or a browser that is installed; null: none. */
  readonly browser?: Browser | null;
}

/** The app, whichever shell it runs in. */
export interface App {
  readonly router: AppRouter;
  readonly client: Client;
  readonly keychain: Keychain;
  readonly info: Services['info'];
  /** What the user should see as a toast. */
  onNotice(listener: (notice: Notice) => void): () => void;
  /** Tells every window where to go, e.g. after a toast's click. */
  go(to: string): void;
  /** The computer woke up, or the network came back. */
  resumed(): void;
  /** Cancels what runs (undoing what has to be undone), then closes everything in reverse order. */
  close(): Promise<void>;
}

/** Milliseconds that a connection nobody uses stays open. */
const IDLE = 15_000;
/** Runs at once: all together, and on one server. */
const LIMITS = { total: 16, perHost: 4 };

/**
 * Builds every service once, in order, and connects the rooms.
 * @throws Problem `already-running` when another process owns the data folder.
 */
export async function openApp(options: AppOptions): Promise<App> {
  const { dataFolder, environment, keychain } = options;
  const clock = options.clock ?? Date.now;
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const ownership = takeOwnership(dataFolder);
  if (ownership === null) {
    throw new Problem({
      code: 'already-running',
      message: 'Groundskeeper is running with this data folder already.',
      answered: dataFolder,
      todo: 'Use that window, or choose another folder with --data.',
    });
  }
  const resource = (...path: string[]) => readFileSync(join(options.resourcesFolder, ...path), 'utf8');
  const info = { version: options.version, shell: options.shell, dataFolder };
  const log = openLog(dataFolder);
  const unexpected = (thrown: unknown) => log.defect(thrown, 'unhandled');
  process.on('unhandledRejection', unexpected);
  const events = createSignal<AppEvent>();
  const notices = createSignal<Notice>();

  const database = openDatabase(join(dataFolder, 'groundskeeper.db'));
  const settings = openSettings(options.files('settings'), environment);
  const secrets = openSecrets(options.files('secrets'), keychain);
  const sites = openSites(options.files('sites'), clock);
  const history = openHistory(database, clock);
  const runs = createRuns(openJournal(database, clock), createLanes(LIMITS), clock);

  const answers = openAnswers(database, clock);
  const packages = openPackages(join(dataFolder, 'packages'));
  const hostKeys = openHostKeys(options.files('host-keys'), [
    join(homedir(), '.ssh', 'known_hosts'),
    '/etc/ssh/ssh_known_hosts',
  ]);
  const connections = createConnections({ hostKeys, environment, idle: IDLE });
  const secretsOf =
    (siteId: SiteId): SecretsOf =>
    (hop) => ({
      password: () => secrets.get(`${siteId}:password:${hop}`),
      passphrase: () => secrets.get(`${siteId}:passphrase:${hop}`),
    });
  const reach: Reach = (site, signal, work) =>
    connections.use(site.connection, secretsOf(site.id), signal, work);

  const apart: Reach = (site, signal, work) =>
    connections.apart(site.connection, secretsOf(site.id), signal, work);

  const platforms = openPlatforms([
    join(options.resourcesFolder, 'platforms'),
    join(dataFolder, 'platforms'),
  ]);
  const home = openStoreHome(options.files('store'), join(dataFolder, 'store'));
  const removed = openRemoved(database, clock);
  const keeper = storeKeeper(keychain, secrets, keyFile(join(dataFolder, 'store.key')), (error, where) =>
    log.defect(error, where),
  );
  const siteOrNull = (id: SiteId | null) =>
    id === null ? null : (sites.list().find((site) => site.id === id) ?? null);
  const siteOf = (id: SiteId) => {
    const site = siteOrNull(id);
    return site === null ? null : { site, hostKeys: keysOnTheWay(hostKeys, site.connection) };
  };
  const store = await openMovableStore(home.folder, { clock, keeper, siteOf }, home.chosen, (id) =>
    removed.add(id),
  );
  const copies = openCopies({
    file: options.files('copies'),
    recordFolder: join(dataFolder, 'copies'),
    secrets,
    connections,
    clock,
  });
  const copyRuns = createCopyRuns(runs, {
    copies,
    store,
    home,
    removed,
    dataFolder,
    clock,
    onStore: () => events.emit({ kind: 'backups', siteId: null }),
  });
  const databaseScripts = {
    mysql: resource('database', 'mysql.sh'),
    mysqlPhp: ['mysql-dump.php', 'mysql-restore.php', 'mysql-link.php', 'mysql.php']
      .map((name) => resource('database', name))
      .join(''),
    postgresql: resource('database', 'postgresql.sh'),
    sqlite: resource('database', 'sqlite.php'),
    files: { php: resource('backups', 'files.php'), python: resource('backups', 'files.py') },
    sqliteRestore: resource('database', 'sqlite-restore.sh'),
    sqliteTables: resource('database', 'sqlite-tables.sh'),
  };

  // What a drill left behind when the app died in it.
  rmSync(drillFolder(dataFolder), { recursive: true, force: true });

  const records = openCheckRecords(database);
  const place = () => ({
    api: settings.get().sources.wordpressApi,
    downloads: settings.get().sources.wordpressDownloads,
  });
  const kept = openKeptTrees(database, clock);
  const checks: CheckServices = {
    reach,
    platforms,
    answers,
    records,
    place,
    atOnce: () => settings.get().checks.atOnce,
    clock,
    onSite(site) {
      events.emit({ kind: 'site', siteId: site.id });
      void expireKept({ kept, reach, clock }, site, AbortSignal.timeout(60_000)).catch(() => {});
    },
  };
  const pictures = options.browser ? openPictures(join(dataFolder, 'pictures'), options.browser) : null;
  const runner = {
    guard: resource('updates', 'runner', 'guard.php'),
    verbs: resource('updates', 'runner', 'verbs.php'),
    database: ['mysql-dump.php', 'mysql-restore.php', 'mysql-link.php'].map((name) =>
      resource('database', name),
    ),
  };
  const updates: ElsewhereServices = {
    reach,
    apart,
    platforms,
    records,
    databaseScripts,
    kept,
    clock,
    packages,
    answers,
    place,
    store,
    scripts: {
      swap: resource('updates', 'swap.sh'),
      look: resource('updates', 'look.sh'),
      turn: resource('updates', 'turn.sh'),
      detach: resource('updates', 'detach.sh'),
      watchdog: resource('updates', 'watchdog.sh'),
      lint: resource('updates', 'lint.sh'),
    },
    runner,
    lease: leaseOf(environment),
    slowerTimes: () => settings.get().updates.slowerTimes,
    pictures,
    keepOldDays: () => settings.get().updates.keepOldDays,
    backUp: (site, ...given) => {
      const services = { reach, apart, platforms, store, databaseScripts, clock, runner };
      const overSftp = site.connection.kind === 'sftp' && platforms.get(site.platform).module !== null;
      return (overSftp ? backUpOverSftp : backUpSite)(services, site, ...given);
    },
    setPrivateFolder: (siteId, folder) =>
      sites.get(siteId).privateFolder === folder ? sites.get(siteId) : sites.setPrivateFolder(siteId, folder),
    afterRun: (site) => readAgain(site),
    allSites: () => sites.list(),
  };

  /** After a run, what is known of the site is read anew. A site that cannot be read then says so in its row. */
  async function readAgain(site: Site): Promise<void> {
    const { module } = platforms.get(site.platform);
    const signal = AbortSignal.timeout(120_000);
    try {
      if (module !== null) {
        const reading = await reach(site, signal, (connection) =>
          module.read(connection, { root: site.root, php: site.settings.php, signal, now: clock() }),
        );
        await records.saveInventory(site.id, reading.inventory);
        await refreshUpdates({ records, answers, place }, [site], false, signal);
      }
      await records.saveResult(site.id, clock(), null);
    } catch (error) {
      await records.saveResult(site.id, clock(), asProblem(error).toJSON());
    }
    events.emit({ kind: 'site', siteId: site.id });
    events.emit({ kind: 'backups', siteId: site.id });
  }

  const hostOf = (site: Site) =>
    site.connection.kind === 'local' ? null : `${site.connection.host}:${site.connection.port}`;
  const recover = (only?: SiteId): Promise<Run[]> =>
    runs.recover(
      {
        backup: (orphan, context) => recoverBackUp(updates, siteOrNull(orphan.run.siteId), orphan, context),
        update: (orphan, context) => recoverUpdate(updates, siteOrNull(orphan.run.siteId), orphan, context),
        rollback: (orphan, context) => recoverOther(updates, siteOrNull(orphan.run.siteId), orphan, context),
        restore: (orphan, context) => recoverOther(updates, siteOrNull(orphan.run.siteId), orphan, context),
        repair: (orphan, context) => recoverOther(updates, siteOrNull(orphan.run.siteId), orphan, context),
        copy: (orphan, context) => copyRuns.recover(orphan, context),
        move: (orphan, context) => copyRuns.recover(orphan, context),
      },
      (id) => {
        const site = siteOrNull(id);
        return site === null ? null : hostOf(site);
      },
      only,
    );

  const tables = openTables(store);
  const services: Services = {
    info,
    keychain,
    clock,
    settings,
    secrets,
    sites,
    history,
    runs,
    connections,
    hostKeys,
    sshConfig: () => readSshConfig(join(homedir(), '.ssh', 'config')),
    reach,
    platforms,
    store,
    copies,
    copyRuns,
    tables,
    records,
    checks,
    updates,
    lastDone: openLastDone(database),
    events,
    secretsOf,
    hostOf,
    backUp: updates.backUp,
    recover,
  };

  sites.changed.on((siteId) => events.emit(siteId === null ? { kind: 'sites' } : { kind: 'site', siteId }));
  copies.changed.on(() => events.emit({ kind: 'copies' }));
  settings.changed.on(() => events.emit({ kind: 'preferences' }));
  const upkeep = options.stays
    ? createUpkeep(copies, copyRuns, async () => {
        const backups = await store.list();
        return { backups: backups.map(({ id }) => id), phraseAt: store.state().phraseAt };
      })
    : null;
  const recorded = recordEnds(services, runs, (run) => {
    log.ended(run);
    const notice = noticeOf(run, settings.get().notifications);
    if (notice) notices.emit(notice);
    if (run.kind !== 'copy' && run.kind !== 'check') upkeep?.nudge();
  });

  const schedule = options.stays
    ? createSchedule({
        clock,
        duties: dutiesOf(services, (notice) => notices.emit(notice)),
        onFailure: (error, duty) => log.defect(error, duty),
      })
    : null;

  await runs.adopt();
  const router = createRouter(services);
  if (options.stays)
    void recover()
      .catch(() => {})
      .then(() => schedule?.look());

  return {
    router,
    client: clientOf(router),
    keychain,
    info,
    onNotice: (listener) => notices.on(listener),
    go: (to) => events.emit({ kind: 'go', to }),
    resumed() {
      upkeep?.nudge();
      void schedule?.look();
    },
    async close() {
      schedule?.close();
      upkeep?.close();
      await runs.close();
      await recorded.settled();
      connections.close();
      await tables.close();
      await store.close();
      await database.destroy();
      process.off('unhandledRejection', unexpected);
      ownership.release();
    },
  };
}

const HISTORY_KINDS = {
  check: 'check',
  backup: 'backup',
  update: 'update',
  rollback: 'rollback',
  restore: 'restore',
  repair: 'repair',
  verify: 'verify',
  prune: 'prune',
  copy: 'copy',
  move: 'move',
} as const;

/** What the history says of a run. How it ended tells what it was, unless it failed. */
function sentenceOf(run: Run): string {
  if (run.summary === '') return run.title;
  return run.state === 'done' || run.state === 'rolled-back' ? run.summary : `${run.title}: ${run.summary}`;
}

/** Passes every change of a run on, and writes its end to the history once. */
function recordEnds(services: Services, runs: Runs, onEnd: (run: Run) => void): { settled(): Promise<void> } {
  const written = new Set<string>();
  const pending = new Set<Promise<void>>();
  runs.changed.on((run) => {
    services.events.emit({ kind: 'run', run });
    if (run.siteId !== null && (run.state === 'running' || run.endedAt !== null))
      services.events.emit({ kind: 'site', siteId: run.siteId });
    if (run.endedAt === null || written.has(run.id)) return;
    written.add(run.id);
    onEnd(run);
    const { state } = run;
    const outcome = state === 'done' || state === 'rolled-back' || state === 'cancelled' ? state : 'failed';
    const work = runs
      .show(run.id)
      .then((details) => createHash('sha256').update(storyText(details), 'utf8').digest('hex'))
      // The end of a run is told even where its story cannot be.
      .catch(() => null)
      .then((evidence) =>
        services.history.add({
          evidence,
          siteId: run.siteId,
          siteName: run.siteName,
          runId: run.id,
          kind: HISTORY_KINDS[run.kind],
          outcome,
          summary: sentenceOf(run),
        }),
      )
      .catch(() => {})
      .finally(() => pending.delete(work));
    pending.add(work);
  });
  return {
    async settled() {
      await Promise.all(pending);
    },
  };
}
