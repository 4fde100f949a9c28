import { randomBytes } from 'node:crypto';
import { rewriteDump, rewriteSqlite, type Backup, type Rewritten } from '../../backups/index.ts';
import { runRecipeStep } from '../../platforms/index.ts';
import type { RunContext, RunResult } from '../../runs/index.ts';
import type { Site } from '../../sites/index.ts';
import { asProblem, counted, Problem, wordsOf, type BackupId } from '../../words/index.ts';
import { handsFor, type Hands } from '../hands.ts';
import { healthOf, verdictSentence, type Baseline, type Health } from '../health.ts';
import { holdingSite, type Held } from '../holding.ts';
import { lookAfter, lookBefore } from '../look-steps.ts';
import type { Verdict } from '../plan.ts';
import { restoredBy } from '../restore-plan.ts';
import { restoreDatabase } from '../restore-database.ts';
import { contentsOf, restorePathsOverSftp } from '../restore-over-sftp.ts';
import { restorePaths, type Restored } from '../restore-site.ts';
import { judgeContent } from './judge.ts';
import { lookElsewhere, type ElsewhereLook, type ElsewhereServices } from './look.ts';
import { LEFT_BECAUSE, type ElsewhereJournal, type ElsewherePlan } from './plan.ts';
import { takeBack } from './take-back.ts';

/** What a restore to another site would do. Nothing is changed. */
export async function planElsewhere(
  services: ElsewhereServices,
  site: Site,
  backupId: BackupId,
  signal: AbortSignal,
): Promise<ElsewherePlan> {
  const { plan } = await lookElsewhere(services, handsFor(services, site, signal), backupId, () => {});
  return plan;
}

/**
 * Restores a backup of one site to another, which keeps its configuration, its address and its table prefix. That site is backed up first; it is brought
 * back by itself when it is not well afterwards, or anything fails on the way.
 */
export async function restoreElsewhere(
  services: ElsewhereServices,
  given: Site,
  backupId: BackupId,
  context: RunContext,
): Promise<RunResult> {
  const hands = handsFor(services, given, context.signal);
  const look = await context.step('preflight', { title: 'Look whether it can be done' }, async (step) => {
    const found = await lookElsewhere(services, hands, backupId, context.progress);
    const [blocker] = found.plan.blockers;
    if (blocker) throw new Problem(blocker);
    for (const warning of found.plan.warnings) context.log('warning', warning);
    step.detail(sentenceOfPlan(found.plan));
    return found;
  });
  const journal: ElsewhereJournal = {
    to: 'elsewhere',
    backupId,
    before: null,
    php: look.php,
    stays: [...look.staying],
    database: look.moves !== null,
    outcome: 'waiting',
  };
  if (look.privateFolder === null)
    return work(services, { site: given, hands, held: null, look, journal, context });
  const { privateFolder, php } = look;
  const site = services.setPrivateFolder(given.id, privateFolder);
  const ended = await holdingSite(services, { site, privateFolder, hands, context, php }, (held) =>
    work(services, { site, hands, held, look, journal, context }),
  );
  if (hands.platform.module !== null) await services.afterRun(site);
  return ended;
}

interface Working {
  readonly site: Site;
  readonly hands: Hands;
  /** null: the account gives only files, and the site cannot be held. */
  readonly held: Held | null;
  readonly look: ElsewhereLook;
  readonly journal: ElsewhereJournal;
  readonly context: RunContext;
}

async function work(services: ElsewhereServices, working: Working): Promise<RunResult> {
  const { site, hands, held, context } = working;
  const before = await backUp(services, working);
  const journal = { ...working.journal, before: before.id };
  const health = healthOf(services, hands, site, context);
  const baseline = await lookBefore(health, hands, context);
  await context.setPlan(journal);
  let done: { restored: Restored; rewritten: Rewritten | null } | null = null;
  let verdict: Verdict | null = null;
  let stopped: Problem | null = null;
  try {
    done = await context.step(
      'restore',
      { title: 'Put the other site’s content in place', undo: journal },
      async (step) => {
        await held?.close(health.digest);
        const found = await putInPlace(services, working, before);
        step.detail(sentenceOfRestored(found.restored, found.rewritten));
        return found;
      },
    );
    await clearCaches(working);
    verdict = await judged(working, health, baseline);
    if (verdict.verdict !== 'worse') await context.setPlan({ ...journal, outcome: 'kept' });
  } catch (error) {
    stopped = asProblem(error);
    context.log('error', `${stopped.message} ${stopped.answered}`.trim());
  }
  if (done !== null && verdict !== null && verdict.verdict !== 'worse' && stopped === null)
    return { state: 'done', summary: summaryOf(working, done.restored, done.rewritten, before, verdict) };
  return bringBack(services, working, journal, stopped, verdict);
}

async function backUp(
  services: ElsewhereServices,
  { site, look, journal, context }: Working,
): Promise<Backup> {
  const { stays } = look;
  const touches = await restoredBy(services, { backupId: journal.backupId, paths: [], stays });
  return context.step('backup', { title: 'Back up the site as it is' }, async (step) => {
    const backup = await services.backUp(site, 'before-restore', context, { touches });
    const missing = [...backup.unreadable, ...backup.moved].filter((path) => !stays(path));
    if (missing.length > 0)
      throw new Problem({
        code: 'not-in-backup',
        message: 'Files that would be replaced could not be backed up, so nothing was changed.',
        attempted: 'Back up every file that is touched',
        answered: missing.slice(0, 10).join(', '),
        todo: 'Make them readable for this account, then try again.',
      });
    step.detail(`${backup.files} files${backup.database === null ? '' : ' and the database'}, verified.`);
    return backup;
  });
}

async function putInPlace(
  services: ElsewhereServices,
  { hands, held, look, journal, context }: Working,
  before: Backup,
): Promise<{ restored: Restored; rewritten: Rewritten | null }> {
  const wanted = { backupId: journal.backupId, paths: [], stays: look.stays };
  if (held === null)
    return {
      restored: await restorePathsOverSftp(
        services.store,
        hands,
        wanted,
        await contentsOf(services.store, before.id),
        context.progress,
      ),
      rewritten: null,
    };
  const restored = await restorePaths(services, hands, held.lock, { ...wanted, progress: context.progress });
  const { moves } = look;
  let rewritten: Rewritten | null = null;
  if (moves !== null)
    await restoreDatabase(services.store, hands, held.lock, journal.backupId, (snapshot, database) => ({
      content: (database.kind === 'sqlite' ? rewriteSqlite : rewriteDump)(
        snapshot.read(database.blobs),
        moves,
        (found) => (rewritten = found),
      ),
      tables: [...moves.tables].map((name) => `${moves.toPrefix}${name.slice(moves.fromPrefix.length)}`),
    }));
  return { restored, rewritten };
}

/** What was kept of the content before is forgotten. Where that fails, looking at the site tells whether it matters. */
async function clearCaches({ site, hands, held, look, context }: Working): Promise<void> {
  if (held === null) return;
  const marker = `gk-${randomBytes(8).toString('hex')} `;
  try {
    await hands.on((connection) =>
      runRecipeStep(connection, hands.platform.recipe, 'clear-caches', {
        arguments: [site.root, marker, new URL(site.url).host, new URL(site.url).pathname],
        php: look.php,
        signal: hands.signal,
        before: held.lock.fence,
      }),
    );
  } catch (error) {
    context.signal.throwIfAborted();
    context.log('warning', `The caches could not be emptied: ${wordsOf(error)}`);
  }
}

async function judged({ hands, context }: Working, health: Health, baseline: Baseline): Promise<Verdict> {
  return lookAfter(
    context,
    { name: 'judge', title: 'Look whether the site is well' },
    () => health.compare(hands, baseline, judgeContent),
    async (found) => (found.verdict === 'same' ? 'It answers at its own address.' : verdictSentence(found)),
  );
}

async function bringBack(
  services: ElsewhereServices,
  { hands, held, context }: Working,
  journal: ElsewhereJournal,
  stopped: Problem | null,
  verdict: Verdict | null,
): Promise<RunResult> {
  try {
    await takeBack(services, hands.patient(), held?.lock ?? null, journal, context);
    await context.setPlan({ ...journal, outcome: 'undone' });
  } catch (error) {
    if (held !== null) held.unsettled = true;
    const problem = asProblem(error);
    context.log('error', `${problem.message} ${problem.answered}`.trim());
    return {
      state: held === null ? 'failed' : 'interrupted',
      summary: `${problem.message} The site could not be brought back as it was; ${held === null ? `restore backup ${journal.before ?? ''} to it` : '“Recover” does that as soon as it can be reached'}.`,
      problem,
    };
  }
  if (stopped?.code === 'cancelled')
    return { state: 'cancelled', summary: 'Cancelled; the site is as it was.' };
  return {
    state: 'rolled-back',
    summary: `${stopped?.message ?? `The site was not well with it: ${verdict?.reasons.join(' ') ?? ''}`} It was brought back to what it was.`,
    problem: stopped ?? undefined,
  };
}

function sentenceOfPlan({ files, database }: ElsewherePlan): string {
  const rows =
    database === null
      ? ''
      : `; ${counted(database.rewritten.tables, 'table')}, ${counted(database.rewritten.values, 'value')} to rewrite`;
  return `${files.written} files to write, ${files.deleted} to delete${rows}.`;
}

function sentenceOfRestored({ written, deleted, unchanged }: Restored, rewritten: Rewritten | null): string {
  const rows =
    rewritten === null
      ? ''
      : ` ${counted(rewritten.values, 'value')} rewritten in ${counted(rewritten.byTable.length, 'table')}.`;
  return `${written} written, ${deleted} deleted, ${unchanged} were the same.${rows}`;
}

function summaryOf(
  { site, look, context }: Working,
  restored: Restored,
  rewritten: Rewritten | null,
  before: Backup,
  verdict: Verdict,
): string {
  const { from } = look.plan;
  for (const { because, column, values } of rewritten?.left ?? [])
    context.log(
      'warning',
      `${column}: ${counted(values, 'value')} with the old address left alone: ${LEFT_BECAUSE[because]}.`,
    );
  for (const what of rewritten?.notTaken ?? []) context.log('warning', `Not taken along: ${what}.`);
  for (const { table, rows } of rewritten?.dropped ?? [])
    context.log(
      'warning',
      `${table}: ${counted(rows, 'row')} not taken along, left behind there by another installation.`,
    );
  const left = rewritten?.left.reduce((sum, { values }) => sum + values, 0) ?? 0;
  const rows =
    rewritten === null
      ? ''
      : ` ${counted(rewritten.values, 'value')} rewritten in ${counted(rewritten.byTable.length, 'table')}${left === 0 ? '' : `, ${left} left alone (the log says which)`}.`;
  const sick = verdict.verdict === 'same' ? '' : ' It is better than before.';
  return `${from.name} restored to ${site.name}: ${restored.written} files written, ${restored.deleted} deleted.${rows}${sick} As it was before is in backup ${before.id}.`;
}
