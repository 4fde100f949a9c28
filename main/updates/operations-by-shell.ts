import { randomBytes } from 'node:crypto';
import { readSchema } from '../backups/index.ts';
import { lines, runOk, sh } from '../connections/index.ts';
import { runRecipeStep } from '../platforms/index.ts';
import { joinRemote, Problem } from '../words/index.ts';
import { armOrAsk } from './arm.ts';
import { dumpOnServer } from './dump-on-server.ts';
import { healthOf } from './health.ts';
import { startHeartbeat, type Heartbeat } from './heartbeat.ts';
import { linterByShell, lintStaged } from './lint.ts';
import { migrationSilent } from './migration-silent.ts';
import type { Acting, Operations } from './operations.ts';
import { namesOfMigrating } from './part.ts';
import { refuseChanged } from './refuse.ts';
import { swapScript } from './remote.ts';
import type { UpdateServices } from './services.ts';
import { siteLock, type SiteLock } from './site-lock.ts';
import { stagePart } from './stage.ts';
import { takeSite } from './take-site.ts';
import { goOnline, keepOffline, leaveSite, undoPart } from './undo.ts';
import { holdUpdaters, releaseUpdaters } from './updater-locks.ts';
import { readReport } from './watchdog-report.ts';
import { disarmWatchdog, type Watchdog } from './watchdog.ts';

/** What an update does where commands are run. */
export function operationsByShell(
  services: UpdateServices,
  { site: given, hands, context, runId, ledger }: Acting,
): Operations {
  const { scripts } = services;
  const patient = hands.patient();
  const health = healthOf(services, hands, given, context);
  const trouble = (words: string) => context.log('warning', words);
  const lockIn = (folder: SiteLock['privateFolder'] | null) =>
    folder === null ? null : siteLock(scripts, folder, runId);
  let site = given;
  let found = lockIn(ledger.plan.privateFolder);
  const own = (): SiteLock => {
    if (found === null) throw new TypeError('it is not known where the site is held');
    return found;
  };
  let held = false;
  let takenUp = false;
  let letGo = false;
  let heartbeat: Heartbeat | null = null;
  let watchdog: Watchdog | null = null;
  let released = () => {};
  let closed = false;
  let renewing: NodeJS.Timeout | null = null;
  const stopRenewing = () => {
    if (renewing !== null) clearInterval(renewing);
    renewing = null;
  };
  const telling = () => ({ lock: own(), offline: closed });

  return {
    hands,
    patient,
    health,
    dumpTitle: 'Dump the database on the server',
    leftovers: ['staged', 'new', 'dump', 'watch', 'watch.gone', 'report'],
    get site() {
      return site;
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
    get mayBeClosed() {
      return (closed || takenUp) && !letGo;
    },

    async begin(_parts, place) {
      if (place === null) throw new TypeError('no private folder was found');
      const { privateFolder, php } = place;
      await ledger.save({ privateFolder, runFolder: joinRemote(privateFolder, runId), php });
      found = siteLock(scripts, privateFolder, runId);
      site = services.setPrivateFolder(given.id, privateFolder);
    },
    async take(parts) {
      const lock = own();
      await takeSite(hands, lock);
      held = true;
      heartbeat = startHeartbeat(hands, { lock, lease: services.lease, trouble });
      released = await holdUpdaters(hands, lock, trouble);
      await refuseChanged(hands, parts);
    },
    backUp: ({ reason, touches }) => services.backUp(site, reason, context, { touches }),
    async stage(part, number) {
      const { runFolder, fence } = own();
      const { signal, progress } = context;
      const { php } = ledger.plan;
      const options = { root: site.root, runFolder, number, fence, fileScripts: hands.scripts.files };
      const items = await hands.on((connection) =>
        stagePart(connection, part, { ...options, signal, progress }),
      );
      const linter = linterByShell((work) => hands.on(work), { php, scripts, signal });
      await lintStaged(linter, part, items, site.root, trouble);
      return items;
    },
    askCode: (baseline) => health.askCode(hands, baseline, telling()),
    settleCode: (baseline, by = hands) => health.settleCode(by, baseline, telling()),
    async arm(baseline, agreed) {
      if (heartbeat === null) throw new TypeError('the site is not held');
      const { parts, php } = ledger.plan;
      const options = {
        ...{ scripts, lock: own(), digest: health.digest, lease: services.lease, heartbeat, parts },
        begunAt: services.clock(),
        forget: health.forgetScript(hands, baseline, php),
      };
      await armOrAsk(hands, options, context, agreed ? [] : namesOfMigrating(parts), (armed) => {
        watchdog = armed;
      });
    },
    async setUndo(part, index, by) {
      await watchdog?.setUndo({ part, index, parts: ledger.plan.parts }, by);
    },
    async close() {
      closed = true;
      // Noted at once: the step's end may not be written any more, and the page would be renewed for ever.
      renewing = await keepOffline(hands, own(), health.digest, ledger.plan.php, trouble);
    },
    stopRenewing,
    async open() {
      await goOnline(patient, own(), ledger.plan.php);
      closed = false;
    },
    async dump(number) {
      const dump = await dumpOnServer(hands, own(), number);
      if (dump === null)
        throw new Problem({
          code: 'no-database',
          message: `${ledger.part(number).name} changes the database, and the database cannot be reached to dump it first.`,
          answered: (await hands.reading()).facts.databaseProblem ?? '',
          todo: 'Mend the database access in wp-config.php, or update it in the site’s own admin.',
        });
      return { noted: { dump }, detail: `${dump.tables.length} tables.` };
    },
    schema: () =>
      hands.on(async (connection) => {
        const work = await hands.database(connection);
        return work === null ? null : readSchema(work);
      }),
    async swap({ name, items }) {
      await hands.on((connection) =>
        runOk(connection, lines(own().fence, swapScript(scripts, items)), {
          attempted: `Swap ${name} in`,
          signal: context.signal,
          timeLimit: 120_000,
        }),
      );
    },
    async migrate() {
      const marker = `gk-${randomBytes(8).toString('hex')} `;
      const output = await hands.on((connection) =>
        runRecipeStep(connection, hands.platform.recipe, 'migrate', {
          arguments: [site.root, marker, new URL(site.url).host],
          php: ledger.plan.php,
          signal: context.signal,
          before: own().fence,
        }),
      );
      if (!output?.toString('utf8').includes(marker)) throw migrationSilent(output ?? Buffer.alloc(0));
    },
    undo: (part) => undoPart(patient, scripts, part, own(), true),

    async takeUp() {
      const lock = own();
      const look = () => patient.on((connection) => lock.isOurs(connection, patient.signal));
      let isOurs = await look();
      takenUp = true;
      // One that is armed still, or is at it, is ended first: what is to be done from here on is done here.
      if (isOurs)
        await disarmWatchdog(patient, lock).catch(async (error: unknown) => {
          // It may have come to its end just now, and let go of the site.
          isOurs = await look();
          if (isOurs) throw error;
        });
      held = isOurs;
      const report = await readReport(patient, lock.runFolder);
      letGo = !isOurs && report?.ended === true;
      return { ours: isOurs, report };
    },
    async fired() {
      if (watchdog === null) return null;
      // A site that cannot be reached now is asked again when it is recovered.
      const report = await readReport(patient, own().runFolder).catch(() => null);
      letGo = report?.ended === true;
      return letGo ? report : null;
    },
    end() {
      released();
      heartbeat?.stop();
      stopRenewing();
    },
    async disarm() {
      if (!letGo) await disarmWatchdog(patient, own());
    },
    async withdraw() {},
    async leave(remove) {
      const lock = own();
      if (letGo) await leaveLetGo(lock, remove);
      else await leaveSite(patient, lock, remove);
    },
  };

  /** The watchdog has brought the site back and let go of it: only what it left is tidied up. */
  async function leaveLetGo(lock: SiteLock, remove: Parameters<Operations['leave']>[0]): Promise<void> {
    await patient.on(async (connection) => {
      await releaseUpdaters(patient, connection, lock);
      await runOk(connection, sh`rm -rf -- ${remove}`, {
        attempted: 'Tidy up on the server',
        signal: patient.signal,
        timeLimit: 300_000,
      });
      await lock.release(connection, patient.signal);
    });
  }
}
