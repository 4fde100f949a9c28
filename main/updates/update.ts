import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { countRows, dumpToFile, type Backup, type DatabaseScripts } from '../backups/index.ts';
import type { CheckRecords } from '../checks/index.ts';
import { lines, runOk, sh, type Connection, type Reach } from '../connections/index.ts';
import { runRecipeStep, type Platforms } from '../platforms/index.ts';
import type { RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import {
  asProblem,
  isAbort,
  joinRemote,
  Problem,
  type Clock,
  type RemotePath,
  type SiteId,
} from '../words/index.ts';
import { markLog, newFatals, type LogMark } from './error-log.ts';
import { createHands, type Hands } from './hands.ts';
import { OPCACHE } from './opcache.ts';
import { isSick, judge } from './judge.ts';
import type { KeptTrees } from './kept.ts';
import type { Choice, Probe, Verdict } from './plan.ts';
import { partTitle, prepare, type Part, type PrepareServices } from './prepare.ts';
import { findPrivateFolder } from './private-folder.ts';
import { probeAll, probeUrls } from './probe.ts';
import { fence, lockSite, swapScript, unlockSite } from './remote.ts';
import { planJson, type JournaledPart, type RunPlan } from './run-plan.ts';
import { stagePart } from './stage.ts';
import { goOffline, goOnline, sweep, undoPart } from './undo.ts';

/** Everything an update needs from the rest of the app. */
export interface UpdateServices extends PrepareServices {
  readonly reach: Reach;
  readonly platforms: Platforms;
  readonly records: CheckRecords;
  readonly databaseScripts: DatabaseScripts;
  readonly kept: KeptTrees;
  readonly clock: Clock;
  readonly slowerTimes: () => number;
  readonly keepOldDays: () => number;
  /** Takes and verifies a backup inside the run. */
  readonly backUp: (site: Site, reason: Backup['reason'], context: RunContext) => Promise<Backup>;
  readonly setPrivateFolder: (siteId: SiteId, folder: RemotePath) => Site;
  /** Reads the site again after a run, so that what waits is true. */
  readonly afterRun: (site: Site) => Promise<void>;
}

/** The steps of an update that the screen can show before they come, in the words of the steps themselves. */
export function expectedSteps(
  parts: readonly { readonly slug: string; readonly name: string; readonly to: string }[],
): { name: string; title: string }[] {
  return [
    { name: 'preflight', title: 'Look whether it can be done' },
    { name: 'backup', title: 'Back up the site' },
    { name: 'stage', title: 'Lay the new version ready' },
    { name: 'baseline', title: 'Look at the site as it is' },
    ...parts.flatMap(({ slug, name, to }) => [
      { name: `swap ${slug}`, title: `Swap ${name} ${to} in`.trim() },
      { name: `judge ${slug}`, title: 'Look whether the site got worse' },
    ]),
    { name: 'settle', title: 'Tidy up' },
  ];
}

/** The maintenance page is renewed this often; WordPress ignores one that is older than ten minutes. */
const RENEW = 4 * 60_000;

/** Updates components of one site, one after the other, as the design's nine steps. What makes the site worse is taken back. */
export async function updateSite(
  services: UpdateServices,
  given: Site,
  choices: readonly Choice[],
  context: RunContext,
): Promise<RunResult> {
  const platform = services.platforms.get(given.platform);
  const hands = createHands({
    site: given,
    platform,
    reach: services.reach,
    scripts: services.databaseScripts,
    signal: context.signal,
    now: services.clock(),
  });
  let plan: RunPlan = {
    root: given.root,
    privateFolder: null,
    runFolder: null,
    backupId: null,
    php: 'php',
    choices: choices.map((choice) => ({ ...choice })),
    parts: [],
  };
  const save = async (change: Partial<RunPlan>) => {
    plan = { ...plan, ...change };
    await context.setPlan(planJson(plan));
  };
  const setPart = (index: number, change: Partial<JournaledPart>) =>
    save({ parts: plan.parts.map((part, at) => (at === index ? { ...part, ...change } : part)) });

  // 1–2: preflight and packages, which only read.
  const { site, privateFolder, parts } = await context.step(
    'preflight',
    { title: 'Look whether it can be done' },
    async (step) => {
      const reading = await hands.reading();
      const folder = await hands.on((connection) =>
        findPrivateFolder(connection, services.scripts, given, context.signal),
      );
      const prepared = await hands.on(async (connection) =>
        prepare(connection, services, {
          site: given,
          platform,
          reading,
          waiting: await services.records.updates(given.id),
          choices,
          privateFolder: folder,
          runId: context.runId,
          signal: context.signal,
          progress: context.progress,
        }),
      );
      const [blocker] = prepared.plan.blockers;
      if (blocker) {
        for (const part of prepared.parts) part.package.close();
        throw new Problem(blocker);
      }
      for (const warning of prepared.plan.warnings) context.log('warning', warning);
      await save({
        privateFolder: folder,
        runFolder: joinRemote(folder, context.runId),
        php: reading.facts.php,
      });
      step.detail(prepared.parts.map((part) => partTitle(part.update)).join(', '));
      return {
        site: services.setPrivateFolder(given.id, folder),
        privateFolder: folder,
        parts: prepared.parts,
      };
    },
  );
  const before = fence(privateFolder, context.runId);
  const runFolder = joinRemote(privateFolder, context.runId);
  const lock = { privateFolder, runId: context.runId };
  const secret = randomBytes(24).toString('base64url');
  const digest = createHash('sha256').update(secret).digest('hex');
  const urls = probeUrls(site.url, [...platform.recipe.probe.paths, ...site.settings.probePaths]);
  const look = (signal: AbortSignal, times: number) =>
    probeAll(urls, times, { faults: platform.recipe.probe.faults, secret, signal });
  const undone: { part: JournaledPart; reasons: readonly string[] }[] = [];
  let stopped: Problem | null = null;
  let locked = false;
  let unsettled = false;

  try {
    // 3: backup, verified; without it nothing goes on.
    await context.step('backup', { title: 'Back up the site' }, async (step) => {
      await hands.on((connection) => lockSite(connection, { ...lock, signal: context.signal }));
      locked = true;
      const backup = await services.backUp(site, 'before-update', context);
      refuseUnreadable(backup, parts);
      await save({ backupId: backup.id });
      step.detail(`${backup.files} files${backup.database === null ? '' : ' and the database'}, verified.`);
    });
    // 4: stage while the site is live.
    await context.step(
      'stage',
      { title: 'Lay the new version ready', undo: { remove: runFolder } },
      async () => {
        for (const [index, part] of parts.entries()) {
          const items = await hands.on((connection) =>
            stagePart(connection, part, {
              root: site.root,
              runFolder,
              number: index,
              fence: before,
              signal: context.signal,
              progress: context.progress,
            }),
          );
          const { component, release } = part.update;
          await save({
            parts: [
              ...plan.parts,
              {
                kind: component.kind,
                slug: component.slug,
                name: component.name,
                from: component.version,
                to: release.version,
                migrates: part.migrates,
                items,
                dump: null,
                offlineAt: null,
                outcome: 'waiting',
              },
            ],
          });
        }
      },
    );
    // 5: baseline.
    const { baseline, marks } = await context.step(
      'baseline',
      { title: 'Look at the site as it is' },
      async (step) => {
        const probes = await look(context.signal, 2);
        step.detail(probes.map(sentenceOf).join(' '));
        return { baseline: probes, marks: await markOf(hands) };
      },
    );
    // 6–8 for each component: go, judge, take back what made it worse.
    for (const [index, part] of plan.parts.entries()) {
      context.signal.throwIfAborted();
      const verdict = await goAndJudge(part, index, baseline, marks);
      if (verdict.verdict === 'worse') undone.push({ part, reasons: verdict.reasons });
    }
  } catch (error) {
    stopped = asProblem(error);
    context.log(isAbort(error) ? 'info' : 'error', `${stopped.message} ${stopped.answered}`.trim());
  }

  for (const part of parts) part.package.close();
  // 9: settle, whatever happened before.
  const patient = hands.patient();
  try {
    if (locked && !unsettled)
      await context.step('settle', { title: 'Tidy up' }, async () => {
        const kept = plan.parts.filter((part) => part.outcome === 'kept');
        const keep = kept.length > 0 && services.keepOldDays() > 0;
        await sweep(
          patient,
          before,
          keep ? ['staged', 'new', 'dump'].map((name) => joinRemote(runFolder, name)) : [runFolder],
        );
        if (keep && plan.backupId !== null) {
          await services.kept.keep(
            context.runId,
            site.id,
            { runFolder, privateFolder, backupId: plan.backupId, parts: kept },
            services.keepOldDays(),
          );
        }
        await patient.on((connection) => unlockSite(connection, { ...lock, signal: patient.signal }));
      });
  } catch (error) {
    const problem = asProblem(error);
    context.log('error', `${problem.message} ${problem.answered}`);
    stopped = problem;
    unsettled = true;
  }
  await services.afterRun(site);
  if (unsettled && stopped !== null) {
    // The site could not be brought into order now: it is recovered as after a crash, as soon as it can be reached.
    return {
      state: 'interrupted',
      summary: `${stopped.message} The update could not be finished or undone; “Recover” does that as soon as the site can be reached.`,
      problem: stopped,
    };
  }
  return resultOf(plan.parts, undone, stopped);

  async function goAndJudge(
    part: JournaledPart,
    index: number,
    baseline: readonly Probe[],
    marks: LogMarks,
  ): Promise<Verdict> {
    const { slug, name, to } = part;
    const migrating = part.migrates !== 'no';
    let renewing: NodeJS.Timeout | null = null;
    try {
      if (migrating) {
        await context.step(
          `offline ${slug}`,
          { title: 'Show visitors a maintenance page', undo: { online: true } },
          async () => {
            await setPart(index, { offlineAt: services.clock() });
            await goOffline(hands, before, digest, plan.php);
            renewing = setInterval(
              () => void goOffline(hands, before, digest, plan.php).catch(() => {}),
              RENEW,
            );
          },
        );
        await context.step(`dump ${slug}`, { title: 'Dump the database on the server' }, async (step) => {
          const file = joinRemote(runFolder, 'dump', String(index));
          const tables = await hands.on(async (connection) => {
            const work = await hands.database(connection, before);
            if (work === null) return null;
            await makeDumpFolder(connection, context.signal);
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
          await setPart(index, { dump: { file, tables } });
          step.detail(`${tables.length} tables.`);
        });
      }
      context.signal.throwIfAborted();
      await context.step(
        `swap ${slug}`,
        { title: `Swap ${name} ${to} in`, undo: planJson({ ...plan, parts: [part] }) },
        async () => {
          await hands.on((connection) =>
            runOk(connection, lines(before, swapScript(services.scripts, part.items)), {
              attempted: `Swap ${name} in`,
              signal: context.signal,
              timeLimit: 120_000,
            }),
          );
        },
      );
      if (part.kind === 'core' && migrating) {
        await context.step(`migrate ${slug}`, { title: 'Upgrade the database' }, async (step) => {
          const marker = `gk-${randomBytes(8).toString('hex')} `;
          const output = await hands.on((connection) =>
            runRecipeStep(connection, platform.recipe, 'migrate', {
              arguments: [site.root, marker, new URL(site.url).host],
              php: plan.php,
              signal: context.signal,
              before,
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
      const verdict = await context.step(
        `judge ${slug}`,
        { title: 'Look whether the site got worse' },
        async (step) => {
          const first = await judgeOnce(baseline, marks);
          // Looked at twice: PHP's OPcache may have served the old files at the first look.
          const found =
            first.verdict === 'worse'
              ? first
              : (await wait(OPCACHE, undefined, { signal: context.signal }),
                await judgeOnce(baseline, marks));
          if (found.verdict === 'worse') step.end('failed');
          step.detail(
            found.verdict === 'worse'
              ? found.reasons.join(' ')
              : found.verdict === 'better'
                ? 'Better than before.'
                : 'As healthy as before.',
          );
          return found;
        },
      );
      if (verdict.verdict === 'worse') {
        context.log('error', `${name} ${to} made the site worse: ${verdict.reasons.join(' ')}`);
        await takeBack(part, index, baseline);
      } else {
        await setPart(index, { outcome: 'kept' });
      }
      return verdict;
    } catch (error) {
      await takeBack(plan.parts[index] ?? part, index, baseline);
      throw error;
    } finally {
      if (renewing !== null) clearInterval(renewing);
      if (migrating) await goOnlineAgain(slug);
    }
  }

  async function judgeOnce(baseline: readonly Probe[], marks: LogMarks): Promise<Verdict> {
    const after = await look(context.signal, 2);
    const fatals = await fatalsOf(hands, marks);
    return judge(baseline, after, fatals, { slowerTimes: services.slowerTimes() });
  }

  async function takeBack(part: JournaledPart, index: number, baseline: readonly Probe[]): Promise<void> {
    const current = plan.parts[index] ?? part;
    const patient = hands.patient();
    // Until it is back, this run is not over.
    unsettled = true;
    await context.step(
      `undo ${part.slug}`,
      { title: `Bring ${part.name} ${part.from} back` },
      async (step) => {
        await undoPart(patient, services.scripts, current, before, true);
        await setPart(index, { outcome: 'undone' });
        await context.undone([`swap ${part.slug}`, `migrate ${part.slug}`]);
        unsettled = false;
        await wait(OPCACHE);
        const after = await look(patient.signal, 1);
        const verdict = judge(baseline, after, [], { slowerTimes: services.slowerTimes() });
        step.detail(
          verdict.verdict === 'worse'
            ? `Brought back, but: ${verdict.reasons.join(' ')}`
            : 'The site is as it was.',
        );
        if (verdict.verdict === 'worse' && !baseline.every(isSick))
          context.log('error', `After bringing it back: ${verdict.reasons.join(' ')}`);
      },
    );
  }

  async function goOnlineAgain(slug: string): Promise<void> {
    const patient = hands.patient();
    await context.step(`online ${slug}`, { title: 'Let visitors back in' }, () =>
      goOnline(patient, before, plan.php),
    );
  }

  async function makeDumpFolder(connection: Connection, signal: AbortSignal): Promise<void> {
    await runOk(connection, lines(before, sh`umask 077; mkdir -p -- ${joinRemote(runFolder, 'dump')}`), {
      attempted: 'Make a folder for the dump',
      signal,
      timeLimit: 20_000,
    });
  }
}

type LogMarks = ReadonlyMap<RemotePath, LogMark>;

/** Where hosts write PHP's errors: what the site itself says, and the usual places beside and in the root. */
async function markOf(hands: Hands): Promise<LogMarks> {
  const { facts } = await hands.reading();
  const { root } = hands.site;
  const usual = [
    'error_log',
    '../error_log',
    '../logs/error_log',
    '../logs/error.log',
    '../logs/php-error.log',
    '../logs/php_errors.log',
  ].map((path) => joinRemote(root, path));
  const logs = [...new Set([...(facts.errorLog === null ? [] : [facts.errorLog]), ...usual])];
  return new Map(
    await hands.on((connection) =>
      Promise.all(logs.map(async (log) => [log, await markLog(connection, log, hands.signal)] as const)),
    ),
  );
}

async function fatalsOf(hands: Hands, marks: LogMarks): Promise<string[]> {
  const found = await hands.on((connection) =>
    Promise.all([...marks].map(([log, mark]) => newFatals(connection, log, mark, hands.signal))),
  );
  return [...new Set(found.flat())];
}

/** Every byte that the update touches has to be in the backup. */
function refuseUnreadable(backup: Backup, parts: readonly Part[]): void {
  const touched = parts.flatMap((part) => [
    ...part.folders.map((tree) => tree.folder),
    ...part.files.map((file) => file.path),
    ...part.deletions,
  ]);
  const missing = [...backup.unreadable, ...backup.moved].filter((path) =>
    touched.some((place) => path === place || path.startsWith(`${place}/`)),
  );
  if (missing.length === 0) return;
  throw new Problem({
    code: 'not-in-backup',
    message: 'Files that the update would replace could not be backed up, so nothing was changed.',
    attempted: 'Back up every file that is touched',
    answered: missing.slice(0, 10).join(', '),
    todo: 'Make them readable for this account, then try again.',
  });
}

function sentenceOf(probe: Probe): string {
  const { pathname, search } = new URL(probe.url);
  return `${pathname}${search} ${probe.status ?? 'no answer'} (${probe.millis} ms).`;
}

function resultOf(
  parts: readonly JournaledPart[],
  undone: readonly { part: JournaledPart; reasons: readonly string[] }[],
  stopped: Problem | null,
): RunResult {
  const kept = parts
    .filter((part) => part.outcome === 'kept')
    .map((part) => `${part.name} ${part.from} → ${part.to}`);
  const done = kept.length === 0 ? '' : `Updated: ${kept.join(', ')}.`;
  if (undone.length > 0) {
    const back = undone.map(
      ({ part, reasons }) =>
        `${part.name} ${part.to} made the site worse and was taken back to ${part.from}: ${reasons.join(' ')}`,
    );
    return { state: 'rolled-back', summary: [...back, done].join(' ').trim() };
  }
  if (stopped === null) return { state: 'done', summary: done };
  if (stopped.code === 'cancelled')
    return { state: 'cancelled', summary: `Cancelled; the site is as it was. ${done}`.trim() };
  const taken = parts.some((part) => part.outcome === 'undone');
  if (taken)
    return {
      state: 'rolled-back',
      summary: `${stopped.message} The site was brought back to what it was. ${done}`.trim(),
      problem: stopped,
    };
  return { state: 'failed', summary: `${stopped.message} ${done}`.trim(), problem: stopped };
}
