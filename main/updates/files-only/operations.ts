import { takeDump, type DumpSource } from '../../backups/index.ts';
import { databaseInWords, type Reading } from '../../platforms/index.ts';
import { joinRemote, parentOf, Problem, type RemotePath } from '../../words/index.ts';
import { backUpSite } from '../back-up.ts';
import { chosen } from '../chosen.ts';
import type { Hands } from '../hands.ts';
import { healthOf } from '../health.ts';
import { lintStaged } from '../lint.ts';
import type { Acting, Operations } from '../operations.ts';
import { tooLittleRoom } from '../obstacles.ts';
import { needsOf, touchedBy, type Part } from '../part.ts';
import type { RollbackServices } from '../services.ts';
import { holdLocks } from '../updater-locks.ts';
import { sourceOf } from './back-up.ts';
import { bytesByPhp, forgetByPhp, migrateByPhp, mysqlOf, readByPhp, schemaByPhp } from './by-php.ts';
import { linterByPhp } from './lint.ts';
import { filesLock, type FilesLock } from './lock.ts';
import { anyDigest, goOnline, keepOffline } from './maintenance.ts';
import { withFiles } from './over-sftp.ts';
import { tryPrivateFolder } from './private-folder.ts';
import { removeRunners, runnerFor, runnersIn, type Runner } from './runner.ts';
import { countNameOf } from './runner-file.ts';
import { RUNNER_STEP } from './runner-step.ts';
import { layDump } from './site-dump.ts';
import { stageOverSftp } from './stage.ts';
import { removeAll, swapIn } from './swap.ts';
import { leaveTrace, readReportThere, TRACE } from './trace.ts';
import { undoOverSftp } from './undo.ts';
import { giveBack, locksByPhp } from './updater-locks.ts';
import { withReading } from './with-reading.ts';

/** PHP is told by the runner, not through the maintenance page. */
const BY_RUNNER = { lock: null, offline: false };

/**
 * What an update does on a site that gives SFTP and no shell: files are staged and swapped over SFTP, and a one-time runner does what only
 * PHP can. No watchdog runs there: what is cut off is brought back by this computer, when it reconnects.
 */
export function operationsOverSftp(
  services: RollbackServices,
  { site: given, hands: bare, context, runId, ledger }: Acting,
): Operations {
  const { store } = services;
  const trouble = (words: string) => context.log('warning', words);
  const runner = runnerFor(bare, {
    parts: services.runner,
    note: (name) => ledger.save({ runners: [...(ledger.plan.runners ?? []), name] }),
  });
  const { privateFolder: noted } = ledger.plan;
  let found = noted === null ? null : filesLock(noted, runId, services.lease);
  const own = (): FilesLock => {
    if (found === null) throw new TypeError('it is not known where the site is held');
    return found;
  };
  let site = given;
  let hands = bare;
  let patient = bare.patient();
  let held = false;
  /** Whether another computer has brought the site back meanwhile. */
  let letGo = false;
  let stopBeating = () => {};
  let stopHolding = () => {};
  let closed = false;
  let stop = () => {};
  const stopRenewing = () => {
    stop();
    stop = () => {};
  };
  const health = healthOf(services, bare, given, context, () => forgetByPhp(runner, patient.signal));
  /** The site, as PHP there sees it. */
  const asPhpSees = (by: Hands) => (hands === bare ? readByPhp(by, runner) : hands.reading());
  /** How the database is dumped; null: it cannot be. */
  const source = async (): Promise<DumpSource | null> => {
    const reading = await asPhpSees(bare);
    const { database, databaseProblem } = reading.facts;
    if (database?.kind !== 'mysql' || databaseProblem !== null) return null;
    return sourceOf(runner, reading, hands.signal);
  };

  return {
    health,
    dumpTitle: 'Dump the database to this computer',
    leftovers: ['staged', 'new', 'dump', TRACE],
    get site() {
      return site;
    },
    get hands() {
      return hands;
    },
    get patient() {
      return patient;
    },
    get runFolder() {
      return own().runFolder;
    },
    get privateFolder() {
      return own().privateFolder;
    },
    get held() {
      return held;
    },
    get closed() {
      return closed;
    },
    /** What a try to put it up left is also taken away; another run's page stays. */
    get mayBeClosed() {
      return held && !letGo;
    },

    async begin(parts) {
      await context.step(RUNNER_STEP.name, { ...RUNNER_STEP, undo: { runner: true } }, async (step) => {
        const privateFolder = await withFiles(bare, (files) =>
          tryPrivateFolder(files, given, foldersOf(given.root, parts), context.signal),
        );
        const lock = filesLock(privateFolder, runId, services.lease);
        found = lock;
        // Noted first: what is taken is found again whatever happens.
        await ledger.save({ privateFolder, runFolder: lock.runFolder });
        await lock.take(bare);
        held = true;
        stopBeating = lock.beat(bare);
        const reading = await askPhp(services, bare, runner, parts);
        const { php, database } = reading.inventory;
        step.detail(
          `PHP ${php ?? '?'}${database === null ? '' : `, ${databaseInWords(database)}`}; our file in the web root goes at the end.`,
        );
        site = services.setPrivateFolder(given.id, privateFolder);
        hands = withReading(bare, reading);
        patient = hands.patient();
        await ledger.save({ holdsUpdaters: true });
        const locks = locksByPhp(runner, hands, () => hands.reading());
        stopHolding = await holdLocks(locks, { runId, signal: context.signal }, trouble);
      });
    },
    async take() {},
    async backUp({ reason, touches }) {
      return backUpSite(services, site, reason, context, { touches, source: await source() });
    },
    async stage(part, number) {
      const items = await hands.on((connection) =>
        stageOverSftp(connection, part, {
          ...{ root: site.root, runFolder: own().runFolder, number, fileScripts: hands.scripts.files },
          ...{ signal: context.signal, progress: context.progress },
        }),
      );
      const linter = linterByPhp(runner, part.package, { root: site.root, signal: context.signal });
      await lintStaged(linter, part, items, site.root, trouble);
      return items;
    },
    askCode: (baseline) => health.askCode(hands, baseline, BY_RUNNER),
    settleCode: (baseline, by = hands) => health.settleCode(by, baseline, BY_RUNNER),
    async arm() {},
    async setUndo(part, index, by = hands) {
      await own().refuseTaken(by);
      await leaveTrace(by, own().runFolder, { plan: ledger.plan, undo: part === null ? null : index });
    },
    async close() {
      await own().refuseTaken(hands);
      closed = true;
      stop = await keepOffline(hands, health.digest, () => runner.now(), trouble);
    },
    stopRenewing,
    async open() {
      await own().refuseTaken(patient);
      await goOnline(patient);
      closed = false;
    },
    /** It goes into the store, as a backup of its own, and packed into the private folder, for a computer that has no such backup. */
    async dump(number) {
      const { backupId } = ledger.plan;
      const dumped = await source();
      if (dumped === null || backupId === null) throw new TypeError('no database to dump');
      const { signal, progress, log } = context;
      const about = { site, reason: 'before-update' as const, signal, progress, log };
      const dump = await takeDump(store, backupId, dumped, about);
      const { damage } = await store.verify([dump.id], signal, progress, 'new');
      if (damage.length > 0) throw unreadable(damage);
      const laid = await layDump(hands, await store.open(dump.id), own().runFolder, number);
      return { noted: { dump: laid, storedDump: dump.id }, detail: `In backup ${dump.id}.` };
    },
    async schema() {
      const reading = await asPhpSees(hands);
      return reading.facts.database === null ? null : schemaByPhp(runner, mysqlOf(reading), hands.signal);
    },
    swap: ({ items }) => withFiles(hands, (files) => swapIn(files, items)),
    async migrate(baseline) {
      await own().refuseTaken(hands);
      await health.settleCode(hands, baseline, BY_RUNNER);
      await migrateByPhp(runner, new URL(site.url).host, context.signal);
    },
    async undo(part) {
      await own().refuseTaken(patient);
      // Whoever undoes what was cut off keeps visitors out while the database comes, however long that takes.
      if (part.storedDump !== undefined && !closed) {
        stopRenewing();
        stop = await keepOffline(patient, anyDigest(), () => 'always', trouble);
      }
      await undoOverSftp(store, patient, runner, part);
    },

    async takeUp() {
      const lock = own();
      held = await lock.isOurs(patient);
      await context.step('tidy runner', { title: 'Remove our own files from the web root' }, async (step) => {
        const count = await withFiles(patient, async (files) => {
          // Who holds the site may remove all of them; else only what this run has noted.
          const all = held
            ? await runnersIn(files, site.root)
            : (ledger.plan.runners ?? []).flatMap((name) => [name, countNameOf(name)]);
          await removeRunners(files, site.root, all);
          return all.length;
        });
        step.detail(`${count} files.`);
      });
      if (held) stopBeating = lock.beat(patient);
      return { ours: held, report: await readReportThere(patient, lock.runFolder) };
    },
    async fired() {
      if (
        !held ||
        (await own()
          .isOurs(patient)
          .catch(() => true))
      )
        return null;
      const report = await readReportThere(patient, own().runFolder).catch(() => null);
      letGo = report?.ended === true;
      return letGo ? report : null;
    },
    end() {
      stopBeating();
      stopHolding();
      stopRenewing();
    },
    async disarm() {},
    async withdraw() {
      stopHolding();
      if (ledger.plan.holdsUpdaters === true) await giveBack(runner, patient, asPhpSees, runId, trouble);
      await runner.remove(patient);
    },
    async leave(remove) {
      await withFiles(patient, (files) => removeAll(files, remove));
      await own().release(patient);
    },
  };
}

/** What only PHP knows: whether what is to be installed fits, and how the database is reached. Nothing has been changed yet. */
async function askPhp(
  services: RollbackServices,
  hands: Hands,
  runner: Runner,
  parts: readonly Part[],
): Promise<Reading> {
  const { site, signal } = hands;
  await runner.hello(signal);
  const reading = await readByPhp(hands, runner);
  const waiting = await services.records.updates(site.id);
  const newCore = parts.find(({ update }) => update.component.kind === 'core')?.update.release.version;
  const components = reading.inventory.components.map((component) =>
    component.kind === 'core' && newCore !== undefined ? { ...component, version: newCore } : component,
  );
  const later: Reading = { ...reading, inventory: { ...reading.inventory, components } };
  for (const { update } of parts) {
    const { kind, slug } = update.component;
    const seenNow = kind === 'core' ? reading : later;
    chosen({ kind, slug, version: update.release.version }, { site, reading: seenNow, waiting });
  }
  // A database that is changed has to be one that can be put back.
  if (parts.some(({ migrates }) => migrates !== 'no')) await refuseNoRoom(hands, runner, reading, parts);
  return reading;
}

/** A dump is laid on the site, packed: what it packs worst takes about as much as in the tables. */
const PACKED = 1.15;

/** @throws Problem `remote-disk-full`, and where the database is none that can be put back */
async function refuseNoRoom(
  hands: Hands,
  runner: Runner,
  reading: Reading,
  parts: readonly Part[],
): Promise<void> {
  const { root } = hands.site;
  const dump = PACKED * (await bytesByPhp(runner, mysqlOf(reading), hands.signal));
  const space = await withFiles(hands, (files) => files.space(root).catch(() => null));
  const full = space === null ? null : tooLittleRoom(root, space.bytes, { ...needsOf(parts), dump });
  if (full !== null) throw full;
}

/** The folders in which something is swapped. */
function foldersOf(root: RemotePath, parts: readonly Part[]): RemotePath[] {
  return [...new Set(touchedBy(parts).map((path) => parentOf(joinRemote(root, path))))];
}

function unreadable(damage: readonly string[]): Problem {
  return new Problem({
    code: 'backup-damaged',
    message: 'The dump could not be read back whole.',
    attempted: 'Read back the dump of the database',
    answered: damage.slice(0, 5).join('; '),
    todo: 'Look after the disk of this computer, then try again. Nothing on the site was changed.',
  });
}
