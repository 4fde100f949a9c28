import type { RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { counted, type BackupId } from '../words/index.ts';
import { takeFromCutOff } from './cut-off.ts';
import { handsFor, type Hands } from './hands.ts';
import { verdictSentence } from './health.ts';
import { below } from './leave-out.ts';
import { rollbackFor } from './means.ts';
import { oldVersionOf, pathsOf, whyNotKept } from './old-version.ts';
import { obstaclesToRollback, refuseObstacles } from './rollback-obstacles.ts';
import { rowChanges, rowSentence } from './row-changes.ts';
import { titleOf, updateToUndo, type RollbackChoice } from './rollback-preview.ts';
import type { RollbackServices } from './services.ts';
import { takeOver } from './take-over.ts';

export const ROLLBACK_STEPS = [
  { name: 'preflight', title: 'Look what can be brought back' },
  { name: 'backup', title: 'Back up the site as it is' },
  { name: 'undo', title: 'Bring the old version back' },
  { name: 'judge', title: 'Look at the site' },
  { name: 'settle', title: 'Tidy up' },
];

/** Takes an update back by hand: from the tree that was kept on the site, or from the store. */
export async function rollBack(
  services: RollbackServices,
  site: Site,
  choice: RollbackChoice,
  context: RunContext,
): Promise<RunResult> {
  const hands = handsFor(services, site, context.signal);
  const { record, parts } = await updateToUndo(services, site, choice);
  const { privateFolder, backupId } = record.tree;
  const withDatabase = choice.database === 'restore';
  const title = titleOf(parts);
  const means = rollbackFor(services, { site, hands, context, privateFolder, withDatabase, parts });
  await using look = beside(hands, (given) => means.health.baseline(given));
  const { isKept, old, php, forced } = await context.step(
    'preflight',
    { title: 'Look what can be brought back' },
    async (step) => {
      const coming = oldVersionOf(services, site, record, parts);
      await using kept = beside(hands, (given) => whyNotKept(given, record, parts, coming));
      const isCutOff = record.runId === choice.cutOff?.run.id;
      const bytes = Promise.all([kept.done, coming]).then(([why, { bytes }]) => (why === null ? 0 : bytes));
      bytes.catch(() => {});
      await using standing = beside(hands, (given) =>
        obstaclesToRollback(services, given, record, isCutOff ? [] : parts, {
          runId: choice.cutOff?.run.id ?? context.runId,
          database: choice.database,
          bytes,
        }),
      );
      const [old] = await Promise.all([coming, hands.reading().catch(() => null)]);
      const why = await kept.done;
      step.detail(why ?? 'The old version still lies on the site, as it was backed up.');
      const obstacles = await standing.done;
      const forced = refuseObstacles(obstacles, choice.force);
      for (const { message, answered } of forced)
        context.log('warning', `Done all the same: ${message} ${answered}`.trim());
      // The site may be dead: then PHP's path is the configured one, and the files come back all the same.
      const reading = await hands.reading().catch(() => null);
      return {
        isKept: why === null,
        old,
        forced,
        php: reading?.facts.php ?? site.settings.php ?? 'php',
      };
    },
  );
  const isLocked = forced.some(({ code }) => code === 'site-locked');
  // It is looked at as it was found, whatever is done to end another run.
  if (choice.cutOff !== null || isLocked) await look.done;
  if (choice.cutOff !== null) await takeFromCutOff(services, hands, choice.cutOff, context);
  else if (isLocked) await takeOver(services, site, context);
  // What was cut off may have left visitors outside.
  const closes = withDatabase || parts.some(({ offlineAt }) => choice.cutOff !== null && offlineAt !== null);
  let readAnew: Promise<void> | null = null;
  const bringing = { title, parts, old, backupId, isKept, withDatabase };
  const ended = await means.hold(php, async (held) => {
    // Before the backup: what comes in between that and the maintenance page is in none.
    const { layReady } = held;
    if (!isKept && layReady !== null)
      await context.step('stage', { title: 'Lay the old version ready' }, () => layReady(bringing));
    const baseline = await context.step('backup', { title: 'Back up the site as it is' }, async (step) => {
      const touches = below(pathsOf(site, parts));
      const backup = await held.backUp({ touches, filesAlone: choice.force && !withDatabase });
      step.detail(`${backup.files} files${backup.database === null ? '' : ' and the database'}.`);
      if (withDatabase) {
        const rows = rowSentence(await rowsGoingBack(services, backupId, backup.id));
        if (rows !== '') context.log('warning', `${rows} What came in since is in backup ${backup.id}.`);
      }
      // Begun long ago. Waited for last: what fails of it must not leave a backup at work behind.
      return look.done;
    });
    await context.step('undo', { title: `Bring ${title} back`, undo: { online: true } }, async (step) => {
      if (closes) await held.close();
      await held.bringBack(bringing);
      step.detail(`${counted(old.files.size, 'file')} compared with the backup, each as it was.`);
    });
    const verdict = await context.step('judge', { title: 'Look at the site' }, async (step) => {
      await held.settleCode(baseline);
      const found = await means.health.glance(held.patient, baseline);
      step.seen(found.pages);
      step.detail(verdictSentence(found));
      return found;
    });
    if (verdict.verdict === 'worse' && !choice.force) {
      await held.takeBack();
      await held.settleCode(baseline);
      return {
        state: 'rolled-back',
        summary: `The site got worse by the rollback (${title}), so it was brought back as it was: ${verdict.reasons.join(' ')} To have the old version all the same, force it.`,
      };
    }
    // Before visitors come in: what they write is not taken back by itself any more.
    await held.keep();
    const rest = record.tree.parts.filter((part) => !parts.includes(part));
    if (rest.length > 0)
      await services.kept.keep(
        record.runId,
        site.id,
        { ...record.tree, parts: rest },
        services.keepOldDays(),
      );
    else {
      await services.kept.forget(record.runId);
      held.remove(record.tree.runFolder);
    }
    // As it is now it stays; behind the maintenance page it would not be read as visitors find it.
    if (!closes) readAnew = services.afterRun(site);
    const worse = verdict.verdict === 'worse';
    return {
      state: 'done',
      summary: `${title} brought back${withDatabase ? ', with the database' : ''}.${worse ? ` But the site looks worse now: ${verdict.reasons.join(' ')}` : ''}`,
    };
  });
  await (readAnew ?? services.afterRun(site));
  return ended;
}

/** Begins work on a site that ends with the work beside it. */
function beside<T>(
  hands: Hands,
  work: (hands: Hands) => Promise<T>,
): AsyncDisposable & { readonly done: Promise<T> } {
  const over = new AbortController();
  const done = work(hands.until(AbortSignal.any([hands.signal, over.signal])));
  const ended = done.then(
    () => {},
    // Whoever waits for it is told.
    () => {},
  );
  return {
    done,
    async [Symbol.asyncDispose]() {
      over.abort();
      await ended;
    },
  };
}

/** What becomes of the tables when a database goes back from one backup to another. */
async function rowsGoingBack({ store }: RollbackServices, to: BackupId, from: BackupId) {
  const [then, now] = await Promise.all([store.open(to), store.open(from)]);
  return rowChanges(then.database?.tables ?? [], now.database?.tables ?? []);
}
