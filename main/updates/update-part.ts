import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { countRows, dumpToFile } from '../backups/index.ts';
import { lines, runOk, sh } from '../connections/index.ts';
import { runRecipeStep } from '../platforms/index.ts';
import type { RunContext } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { joinRemote, Problem, type Clock } from '../words/index.ts';
import type { Hands } from './hands.ts';
import { verdictSentence, type Baseline, type Health } from './health.ts';
import { isSick, judge } from './judge.ts';
import type { Ledger } from './ledger.ts';
import { OPCACHE } from './opcache.ts';
import type { Verdict } from './plan.ts';
import { swapScript, type UpdateScripts } from './remote.ts';
import { planJson, type JournaledPart } from './run-plan.ts';
import type { SiteLock } from './site-lock.ts';
import { keepOffline, goOnline, undoPart } from './undo.ts';

/** One update under way: what its steps share. */
export interface UpdateSession {
  readonly site: Site;
  readonly context: RunContext;
  readonly hands: Hands;
  readonly lock: SiteLock;
  readonly ledger: Ledger;
  readonly health: Health;
  readonly scripts: UpdateScripts;
  readonly clock: Clock;
  readonly slowerTimes: () => number;
  /** Whether visitors see the maintenance page. */
  offline: boolean;
  /** Whether something was changed that is neither judged nor taken back. */
  unsettled: boolean;
}

/** Swaps one staged component in, migrates, judges, and takes it back when the site got worse or anything failed. */
export async function updatePart(
  session: UpdateSession,
  index: number,
  baseline: Baseline,
): Promise<Verdict> {
  const { context, hands, ledger } = session;
  const { slug, name, to, migrates } = ledger.part(index);
  const migrating = migrates !== 'no';
  let renewing: NodeJS.Timeout | null = null;
  let takingBack = false;
  try {
    if (migrating) {
      renewing = await closeToVisitors(session, index);
      await dumpDatabase(session, index);
    }
    context.signal.throwIfAborted();
    await swapIn(session, index);
    if (ledger.part(index).kind === 'core' && migrating) await migrate(session, slug);
    const verdict = await context.step(
      `judge ${slug}`,
      { title: 'Look whether the site got worse' },
      async (step) => {
        const found = await session.health.compare(hands, baseline);
        if (found.verdict === 'worse') step.end('failed');
        step.detail(verdictSentence(found));
        return found;
      },
    );
    if (verdict.verdict === 'worse') {
      context.log('error', `${name} ${to} made the site worse: ${verdict.reasons.join(' ')}`);
      takingBack = true;
      await takeBack(session, index, baseline);
    } else {
      await ledger.setPart(index, { outcome: 'kept' });
      session.unsettled = false;
    }
    return verdict;
  } catch (error) {
    if (!takingBack) await takeBack(session, index, baseline);
    throw error;
  } finally {
    if (renewing !== null) clearInterval(renewing);
    if (session.offline)
      await context.step(`online ${slug}`, { title: 'Let visitors back in' }, async () => {
        await goOnline(hands.patient(), session.lock, ledger.plan.php);
        session.offline = false;
      });
  }
}

async function closeToVisitors(session: UpdateSession, index: number): Promise<NodeJS.Timeout> {
  const { context, hands, ledger, lock, health } = session;
  return context.step(
    `offline ${ledger.part(index).slug}`,
    { title: 'Show visitors a maintenance page', undo: { online: true } },
    async () => {
      await ledger.setPart(index, { offlineAt: session.clock() });
      session.offline = true;
      return keepOffline(hands, lock, health.digest, ledger.plan.php, (words) =>
        context.log('warning', words),
      );
    },
  );
}

async function dumpDatabase(session: UpdateSession, index: number): Promise<void> {
  const { context, hands, ledger, lock } = session;
  const { slug, name } = ledger.part(index);
  await context.step(`dump ${slug}`, { title: 'Dump the database on the server' }, async (step) => {
    const folder = joinRemote(lock.runFolder, 'dump');
    const file = joinRemote(folder, String(index));
    const tables = await hands.on(async (connection) => {
      const work = await hands.database(connection, lock.fence);
      if (work === null) return null;
      await runOk(connection, lines(lock.fence, sh`umask 077; mkdir -p -- ${folder}`), {
        attempted: 'Make a folder for the dump',
        signal: context.signal,
        timeLimit: 20_000,
      });
      const counted = await countRows(work);
      await dumpToFile(work, file);
      return counted.map((table) => table.name);
    });
    if (tables === null)
      throw new Problem({
        code: 'no-database',
        message: `${name} changes the database, and the database cannot be reached to dump it first.`,
        answered: (await hands.reading()).facts.databaseProblem ?? '',
        todo: 'Mend the database access in wp-config.php, or update it in the site’s own admin.',
      });
    await ledger.setPart(index, { dump: { file, tables } });
    step.detail(`${tables.length} tables.`);
  });
}

async function swapIn(session: UpdateSession, index: number): Promise<void> {
  const { context, hands, ledger, lock, scripts } = session;
  const part = ledger.part(index);
  session.unsettled = true;
  await context.step(
    `swap ${part.slug}`,
    {
      title: `Swap ${part.name} ${part.to} in`,
      undo: planJson({ ...ledger.plan, parts: [part] }),
    },
    () =>
      hands.on((connection) =>
        runOk(connection, lines(lock.fence, swapScript(scripts, part.items)), {
          attempted: `Swap ${part.name} in`,
          signal: context.signal,
          timeLimit: 120_000,
        }),
      ),
  );
}

async function migrate(session: UpdateSession, slug: string): Promise<void> {
  const { context, hands, ledger, lock, site } = session;
  await context.step(`migrate ${slug}`, { title: 'Upgrade the database' }, async (step) => {
    const marker = `gk-${randomBytes(8).toString('hex')} `;
    const output = await hands.on((connection) =>
      runRecipeStep(connection, hands.platform.recipe, 'migrate', {
        arguments: [site.root, marker, new URL(site.url).host],
        php: ledger.plan.php,
        signal: context.signal,
        before: lock.fence,
      }),
    );
    if (output === null || !output.toString('utf8').includes(marker))
      throw new Problem({
        code: 'migration-silent',
        message: 'The database upgrade ended without saying that it is done.',
        answered: output?.toString('utf8').slice(0, 500) ?? '',
        todo: 'The update is taken back.',
      });
    step.detail('Done.');
  });
}

async function takeBack(session: UpdateSession, index: number, baseline: Baseline): Promise<void> {
  const { context, ledger, lock, scripts, health } = session;
  const part: JournaledPart = ledger.part(index);
  const patient = session.hands.patient();
  // Until it is back, this run is not over.
  session.unsettled = true;
  await context.step(`undo ${part.slug}`, { title: `Bring ${part.name} ${part.from} back` }, async (step) => {
    await undoPart(patient, scripts, part, lock, true);
    await ledger.setPart(index, { outcome: 'undone' });
    await context.undone([`swap ${part.slug}`, `migrate ${part.slug}`]);
    session.unsettled = false;
    await wait(OPCACHE);
    const after = await health.look(patient.signal, 1);
    const verdict = judge(baseline.probes, after, [], { slowerTimes: session.slowerTimes() });
    step.detail(
      verdict.verdict === 'worse'
        ? `Brought back, but: ${verdict.reasons.join(' ')}`
        : 'The site is as it was.',
    );
    if (verdict.verdict === 'worse' && !baseline.probes.every(isSick))
      context.log('error', `After bringing it back: ${verdict.reasons.join(' ')}`);
  });
}
