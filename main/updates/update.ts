import type { Backup, DatabaseScripts } from '../backups/index.ts';
import type { CheckRecords } from '../checks/index.ts';
import type { Reach } from '../connections/index.ts';
import type { Platforms } from '../platforms/index.ts';
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
import { handsFor, type Hands } from './hands.ts';
import { healthOf } from './health.ts';
import type { KeptTrees } from './kept.ts';
import { below } from './leave-out.ts';
import { openLedger } from './ledger.ts';
import { outcomeOf, unsettledOutcome, type TakenBack } from './outcome.ts';
import type { Choice, Probe, UpdatePlan } from './plan.ts';
import type { Part, PrepareOptions, PrepareServices } from './part.ts';
import { partTitle, prepare } from './prepare.ts';
import { findPrivateFolder } from './private-folder.ts';
import { settleUpdate } from './settle.ts';
import { siteLock } from './site-lock.ts';
import { stagePart } from './stage.ts';
import { updatePart, type UpdateSession } from './update-part.ts';

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
  readonly backUp: (
    site: Site,
    reason: Backup['reason'],
    context: RunContext,
    touches?: (path: string) => boolean,
    onSwept?: (hidden: number) => void,
  ) => Promise<Backup>;
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

/** Updates components of one site, one after the other, as the design's nine steps. What makes the site worse is taken back. */
export async function updateSite(
  services: UpdateServices,
  given: Site,
  choices: readonly Choice[],
  context: RunContext,
): Promise<RunResult> {
  const hands = handsFor(services, given, context.signal);
  const ledger = openLedger(context, given, choices);
  const { site, privateFolder, parts } = await preflight(services, given, choices, {
    context,
    hands,
    ledger,
  });
  const lock = siteLock(services.scripts, privateFolder, context.runId);
  const session: UpdateSession = {
    site,
    context,
    hands,
    lock,
    ledger,
    health: healthOf(site, hands.platform, services.slowerTimes),
    scripts: services.scripts,
    clock: services.clock,
    slowerTimes: services.slowerTimes,
    offline: false,
    unsettled: false,
  };
  const takenBack: TakenBack[] = [];
  let stopped: Problem | null = null;
  let locked = false;

  try {
    // 3: backup, verified; without it nothing goes on.
    await context.step('backup', { title: 'Back up the site' }, async (step) => {
      await hands.on((connection) => lock.take(connection, context.signal));
      locked = true;
      const backup = await services.backUp(site, 'before-update', context, below(touchedBy(parts)));
      refuseUnreadable(backup, parts);
      await ledger.save({ backupId: backup.id });
      step.detail(`${backup.files} files${backup.database === null ? '' : ' and the database'}, verified.`);
    });
    // 4: stage while the site is live.
    await context.step(
      'stage',
      { title: 'Lay the new version ready', undo: { remove: lock.runFolder } },
      async () => {
        for (const [index, part] of parts.entries()) await stage(session, part, index);
      },
    );
    // 5: baseline.
    const baseline = await context.step('baseline', { title: 'Look at the site as it is' }, async (step) => {
      const seen = await session.health.baseline(hands);
      step.detail(seen.probes.map(sentenceOf).join(' '));
      return seen;
    });
    // 6–8 for each component: go, judge, take back what made it worse.
    for (const index of parts.keys()) {
      context.signal.throwIfAborted();
      const verdict = await updatePart(session, index, baseline);
      if (verdict.verdict === 'worse') takenBack.push({ part: ledger.part(index), reasons: verdict.reasons });
    }
  } catch (error) {
    stopped = asProblem(error);
    context.log(isAbort(error) ? 'info' : 'error', `${stopped.message} ${stopped.answered}`.trim());
  } finally {
    for (const part of parts) part.package.close();
  }

  // 9: settle, whatever happened before.
  try {
    if (locked && !session.unsettled)
      await context.step('settle', { title: 'Tidy up' }, () =>
        settleUpdate(services, hands.patient(), lock, ledger.plan, session.offline),
      );
  } catch (error) {
    stopped = asProblem(error);
    context.log('error', `${stopped.message} ${stopped.answered}`);
    session.unsettled = true;
  }
  await services.afterRun(site);
  if (session.unsettled && stopped !== null) return unsettledOutcome(stopped);
  return outcomeOf(ledger.plan.parts, takenBack, stopped);
}

/** What an update would do, found out without writing anything on the site. */
export async function planUpdate(
  services: UpdateServices,
  site: Site,
  choices: readonly Choice[],
  signal: AbortSignal,
): Promise<UpdatePlan> {
  const hands = handsFor(services, site, signal);
  const { plan, parts } = await look(services, hands, { choices, runId: null, progress: () => {} });
  for (const part of parts) part.package.close();
  return plan;
}

async function look(
  services: UpdateServices,
  hands: Hands,
  wish: Pick<PrepareOptions, 'choices' | 'runId' | 'progress'>,
) {
  const { site, signal, platform } = hands;
  const reading = await hands.reading();
  const privateFolder = await hands.on((connection) =>
    findPrivateFolder(connection, services.scripts, site, signal),
  );
  const waiting = await services.records.updates(site.id);
  const prepared = await hands.on((connection) =>
    prepare(connection, services, {
      ...wish,
      ...{ site, platform, reading, waiting, privateFolder, signal },
      fileScripts: hands.scripts.files,
    }),
  );
  return { ...prepared, reading, privateFolder };
}

/** 1–2: preflight and packages, which only read. */
async function preflight(
  services: UpdateServices,
  given: Site,
  choices: readonly Choice[],
  { context, hands, ledger }: Pick<UpdateSession, 'context' | 'hands' | 'ledger'>,
): Promise<{ site: Site; privateFolder: RemotePath; parts: readonly Part[] }> {
  return context.step('preflight', { title: 'Look whether it can be done' }, async (step) => {
    const { reading, privateFolder, parts, plan } = await look(services, hands, {
      choices,
      runId: context.runId,
      progress: context.progress,
    });
    try {
      const [blocker] = plan.blockers;
      if (blocker) throw new Problem(blocker);
      for (const warning of plan.warnings) context.log('warning', warning);
      await ledger.save({
        privateFolder,
        runFolder: joinRemote(privateFolder, context.runId),
        php: reading.facts.php,
      });
      step.detail(parts.map((part) => partTitle(part.update)).join(', '));
      return { site: services.setPrivateFolder(given.id, privateFolder), privateFolder, parts };
    } catch (error) {
      for (const part of parts) part.package.close();
      throw error;
    }
  });
}

async function stage({ site, context, hands, lock, ledger }: UpdateSession, part: Part, index: number) {
  const items = await hands.on((connection) =>
    stagePart(connection, part, {
      root: site.root,
      runFolder: lock.runFolder,
      number: index,
      fence: lock.fence,
      fileScripts: hands.scripts.files,
      signal: context.signal,
      progress: context.progress,
    }),
  );
  const { component, release } = part.update;
  await ledger.addPart({
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
  });
}

/** What an update changes, relative to the root. */
function touchedBy(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => [
    ...part.folders.map((tree) => tree.folder),
    ...part.files.map((file) => file.path),
    ...part.deletions,
  ]);
}

/** Every byte that the update touches has to be in the backup. */
function refuseUnreadable(backup: Backup, parts: readonly Part[]): void {
  const missing = [...backup.unreadable, ...backup.moved].filter(below(touchedBy(parts)));
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
