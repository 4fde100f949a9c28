import type { Backup } from '../../backups/index.ts';
import type { Reading } from '../../platforms/index.ts';
import { asProblem, isAbort, parentOf, type RemotePath } from '../../words/index.ts';
import { atMost } from '../attempts.ts';
import { backUpSite } from '../back-up.ts';
import { healthOf } from '../health.ts';
import { openLedger } from '../ledger.ts';
import type { SwapItem } from '../remote.ts';
import type { BringingBack, HeldForRollback, RollbackMeans, RollingBack } from '../rollback-held.ts';
import type { JournaledPart } from '../run-plan.ts';
import type { RollbackServices } from '../services.ts';
import { holdLocks, holdRestored, type WithLocks } from '../updater-locks.ts';
import { whileHeld, type Hold } from '../while-held.ts';
import { sourceOf } from './back-up.ts';
import { layOld } from './bring-back.ts';
import { forgetByPhp, mysqlOf, readByPhp, restoreByPhp } from './by-php.ts';
import { filesLock } from './lock.ts';
import { goOnline, keepOffline } from './maintenance.ts';
import { withFiles } from './over-sftp.ts';
import { tryPrivateFolder } from './private-folder.ts';
import { runnerFor } from './runner.ts';
import { RUNNER_STEP } from './runner-step.ts';
import { layDump } from './site-dump.ts';
import { removeAll, swapBack } from './swap.ts';
import { leaveTrace } from './trace.ts';
import { undoOverSftp } from './undo.ts';
import { giveBack, locksByPhp } from './updater-locks.ts';

/**
 * A rollback over files alone, by renames. PHP is needed for the database only. What fails, or is cut off, is taken back with what is left
 * in the run's folder for that, as an update is.
 */
export function rollbackOverSftp(
  services: RollbackServices,
  { site, privateFolder, parts, hands, context, withDatabase }: RollingBack,
): RollbackMeans {
  const { store } = services;
  const patient = hands.patient();
  const ledger = openLedger(context, site, []);
  let lock = filesLock(privateFolder, context.runId, services.lease);
  const runner = runnerFor(hands, {
    parts: services.runner,
    note: (name) => ledger.save({ runners: [...(ledger.plan.runners ?? []), name] }),
  });
  const health = healthOf(services, hands, site, context, () => forgetByPhp(runner, patient.signal));
  const removed: RemotePath[] = [];
  let reading: Reading | null = null;
  let before: Backup | null = null;
  /** Whether something may be changed that neither stays nor is taken back yet. */
  let begun = false;
  /** Whether visitors are to be kept out: not while the old version is only laid ready. */
  let closes = false;
  let closed = false;
  let stopBeating = () => {};
  let stopHolding = () => {};
  let stopRenewing = () => {};

  const askPhp = () =>
    context.step(RUNNER_STEP.name, RUNNER_STEP, async (step): Promise<Reading | null> => {
      try {
        await runner.hello(context.signal);
        return await readByPhp(hands, runner);
      } catch (error) {
        // Files come back over SFTP, also where PHP is dead.
        if (isAbort(error) || withDatabase) throw error;
        const problem = asProblem(error);
        context.log('warning', `${problem.message} ${problem.answered}`.trim());
        step.detail('It does not answer; only files are brought back.');
        return null;
      }
    });
  const source = () => {
    try {
      return reading === null ? null : sourceOf(runner, reading, context.signal);
    } catch (error) {
      context.log('warning', `The database is not in the backup: ${asProblem(error).message}`);
      return null;
    }
  };
  const trouble = (words: string) => context.log('warning', words);
  /** Null where PHP was not heard: then nobody can be told to wait. */
  const withLocks: WithLocks = async (work) => {
    const known = reading;
    return known === null ? null : locksByPhp(runner, patient, async () => known)(work);
  };
  const putDatabase = async (backupId: BringingBack['backupId']) => {
    if (reading === null) throw new TypeError('PHP was not asked');
    await restoreByPhp(runner, mysqlOf(reading), await store.open(backupId), patient.signal);
    await holdRestored(withLocks, context.runId);
  };

  /** What brings the site back as it was found, here or on another computer. */
  const partOf = async ({ title }: BringingBack, items: readonly SwapItem[]): Promise<JournaledPart> => {
    const part: JournaledPart = {
      ...{ kind: 'core', slug: 'site', name: title, from: 'as it was', to: 'rolled back', migrates: 'no' },
      items: [...items],
      dump: null,
      offlineAt: closes ? services.clock() : null,
      outcome: 'waiting',
    };
    if (!withDatabase) return part;
    if (before === null) throw new TypeError('the site was not backed up');
    const dump = await layDump(hands, await store.open(before.id), lock.runFolder, 0);
    return { ...part, dump, storedDump: before.id };
  };
  const keepOut = async () => {
    closed = true;
    const now = () => (reading === null ? 'always' : runner.now());
    stopRenewing = await keepOffline(hands, health.digest, now, trouble);
  };
  const end = async (outcome: 'kept' | 'undone') => {
    await lock.refuseTaken(patient);
    await ledger.setPart(0, { outcome });
    await leaveTrace(patient, lock.runFolder, { plan: ledger.plan, undo: null });
    begun = false;
  };

  const held: HeldForRollback = {
    patient,
    // What lies on the site just so is known by the backup.
    layReady: null,
    async backUp(how) {
      before = await backUpSite(services, site, 'before-rollback', context, { ...how, source: source() });
      return before;
    },
    async close() {
      closes = true;
    },
    async bringBack(what) {
      const { progress } = context;
      const laid = { runFolder: lock.runFolder, before: before?.id ?? null, progress };
      const { forward, back } = await layOld(services, hands, what, laid);
      const part = await partOf(what, back);
      await lock.refuseTaken(hands);
      if (closes) await keepOut();
      await ledger.addPart(part);
      await leaveTrace(hands, lock.runFolder, { plan: ledger.plan, undo: 0 });
      begun = true;
      await atMost(patient)((by) => withFiles(by, (files) => swapBack(files, forward)));
      if (what.withDatabase) await putDatabase(what.backupId);
    },
    settleCode: (baseline) => health.settleCode(patient, baseline, { lock: null, offline: false }),
    async takeBack() {
      if (!begun) return;
      await context.step('take back', { title: 'Bring the site back as it was' }, async () => {
        await lock.refuseTaken(patient);
        await undoOverSftp(store, patient, runner, ledger.part(0));
        if (withDatabase) await holdRestored(withLocks, context.runId);
        await context.undone(['undo']);
        await end('undone');
      });
    },
    async keep() {
      if (begun) await end('kept');
    },
    remove: (folder) => void removed.push(folder),
  };
  const hold: Hold = {
    async take() {
      const into = [...new Set(parts.flatMap(({ items }) => items.map(({ live }) => parentOf(live))))];
      const place = await withFiles(hands, (files) =>
        tryPrivateFolder(files, { ...site, privateFolder }, into, context.signal),
      );
      lock = filesLock(place, context.runId, services.lease);
      await ledger.save({ privateFolder: place, runFolder: lock.runFolder });
      await lock.take(hands);
      stopBeating = lock.beat(hands);
    },
    async begin() {
      reading = await askPhp();
      await ledger.save({ holdsUpdaters: true });
      stopHolding = await holdLocks(withLocks, { runId: context.runId, signal: context.signal }, trouble);
    },
    keep: () => held.keep(),
    takeBack: () => held.takeBack(),
    unsettled: false,
    workEnded() {
      stopRenewing();
      stopHolding();
    },
    async withdraw() {
      const known = reading;
      if (known !== null) await giveBack(runner, patient, async () => known, context.runId, trouble);
      await runner.remove(patient);
    },
    end: () => stopBeating(),
    async settle() {
      if (closed) await goOnline(patient);
      await withFiles(patient, (files) => removeAll(files, [lock.runFolder, ...removed]));
      await lock.release(patient);
    },
  };
  return { health, hold: (_php, work) => whileHeld(hold, context, () => work(held)) };
}
