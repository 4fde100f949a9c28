import type { RunContext, RunResult } from '../../runs/index.ts';
import type { Site } from '../../sites/index.ts';
import { counted, Problem } from '../../words/index.ts';
import { handsFor } from '../hands.ts';
import { healthOf, type Baseline, type Health } from '../health.ts';
import { holdingSite, type Held } from '../holding.ts';
import { below } from '../leave-out.ts';
import { lookAfter, lookBefore } from '../look-steps.ts';
import { outlives } from '../outlive.ts';
import type { Verdict } from '../plan.ts';
import { refuseUnreadable } from '../refuse.ts';
import { putFiles } from '../restore-site.ts';
import type { UpdateServices } from '../services.ts';
import { chosenSentence, type Chosen } from './chosen.ts';
import type { RepairChoice, RepairPlan } from './plan.ts';
import { prepareRepair, type PreparedRepair } from './prepare.ts';
import { openRepair } from './put.ts';

export const REPAIR_STEPS = [
  { name: 'preflight', title: 'Compare the files with their releases' },
  { name: 'backup', title: 'Back up what is replaced' },
  { name: 'baseline', title: 'Look at the site as it is' },
  { name: 'restore', title: 'Put the files of the releases in place' },
  { name: 'judge', title: 'Look whether the site got worse' },
  { name: 'settle', title: 'Tidy up' },
];

/** What a repair would do, found out without writing anything on the site. @param choices null: whatever differs, where the release is known */
export async function planRepair(
  services: UpdateServices,
  site: Site,
  choices: readonly RepairChoice[] | null,
  signal: AbortSignal,
): Promise<RepairPlan> {
  const hands = handsFor(services, site, signal);
  const { plan } = await prepareRepair(services, hands, choices, { runId: null, progress: () => {} });
  return { ...plan, watchdog: await outlives(hands, services.scripts) };
}

/**
 * Puts files that differ from the release that is installed back, one by one, and touches nothing else. What makes the site worse is taken
 * back. Works where the site itself is dead.
 */
export async function repairSite(
  services: UpdateServices,
  given: Site,
  choices: readonly RepairChoice[] | null,
  context: RunContext,
): Promise<RunResult> {
  const hands = handsFor(services, given, context.signal);
  const prepared = await context.step(
    'preflight',
    { title: 'Compare the files with their releases' },
    async (step) => {
      const found = await prepareRepair(services, hands, choices, context);
      const [blocker] = found.chosen.size === 0 ? [] : found.plan.blockers;
      if (blocker !== undefined) throw new Problem(blocker);
      for (const warning of found.plan.warnings) context.log('warning', warning);
      for (const { name, state, why } of found.plan.components)
        if (state !== 'known') context.log('info', `${name} was not touched. ${why}`.trim());
      step.detail(chosenSentence(found.chosen));
      return found;
    },
  );
  const { chosen, plan, privateFolder, php } = prepared;
  if (chosen.size === 0)
    return { state: 'done', summary: `Nothing differs from its release.${ownSentence(prepared)}` };
  const site = services.setPrivateFolder(given.id, privateFolder);
  const name = namesOf(plan, chosen).join(', ');
  const health = healthOf(services, hands, site, context);
  const ended = await holdingSite(services, { site, privateFolder, hands, context, php }, async (held) => {
    const backupId = await backUp(services, site, chosen, context);
    const baseline = await lookBefore(health, hands, context);
    await put(services, held, prepared, name, context);
    const verdict = await judged(health, held, baseline, context);
    if (verdict.verdict === 'worse') {
      await held.takeBack();
      await health.settleCode(held.patient, baseline, { lock: held.lock, offline: false });
      return {
        state: 'rolled-back',
        summary: `The site got worse by the repair of ${name}, so it was brought back as it was: ${verdict.reasons.join(' ')}`,
      };
    }
    await held.keep();
    const better = verdict.verdict === 'better' ? ' The site is better than before.' : '';
    return {
      state: 'done',
      summary: `${doneSentence(chosen)} (${name}).${better} What was replaced is in backup ${backupId}.${ownSentence(prepared)}`,
    };
  });
  await services.afterRun(site);
  return ended;
}

/** Every byte that is touched is in the backup before; the rest of the site as far as it can be read. */
async function backUp(
  services: UpdateServices,
  site: Site,
  chosen: Chosen,
  context: RunContext,
): Promise<string> {
  return context.step('backup', { title: 'Back up what is replaced' }, async (step) => {
    const touched = below([...chosen.keys()]);
    const backup = await services.backUp(site, 'before-repair', context, {
      touches: touched,
      filesAlone: true,
    });
    refuseUnreadable(backup, touched, 'the repair');
    step.detail(
      `${counted(backup.files, 'file')}${backup.database === null ? '' : ' and the database'}, verified.`,
    );
    return backup.id;
  });
}

async function put(
  services: UpdateServices,
  held: Held,
  { parts, chosen, files, asking }: PreparedRepair,
  name: string,
  context: RunContext,
): Promise<void> {
  const undo = { title: 'Put the files of the releases in place', undo: { files: [...chosen.keys()] } };
  await context.step('restore', undo, async (step) => {
    const repairing = await openRepair(parts, chosen, files, asking, Math.floor(services.clock() / 1000));
    try {
      await held.guard({ name, items: [], database: false });
      const { deleted } = await putFiles(held.hands, held.lock, repairing.files, context.progress);
      const gone = deleted === 0 ? '' : ` ${deleted} removed.`;
      step.detail(`${counted(repairing.count, 'file')} put in place and compared, each as released.${gone}`);
    } finally {
      repairing.close();
    }
  });
}

async function judged(health: Health, held: Held, baseline: Baseline, context: RunContext): Promise<Verdict> {
  return lookAfter(context, { name: 'judge', title: 'Look whether the site got worse' }, async () => {
    await health.settleCode(held.hands, baseline, { lock: held.lock, offline: false });
    return health.compare(held.hands, baseline);
  });
}

/** The components that something is done to. */
function namesOf({ components }: PreparedRepair['plan'], chosen: Chosen): string[] {
  return components
    .filter(({ files }) => files.some(({ path }) => chosen.has(path)))
    .map(({ name, version }) => `${name} ${version}`.trim());
}

function doneSentence(chosen: Chosen): string {
  const removed = [...chosen.values()].filter((what) => what === 'remove').length;
  const put = counted(chosen.size - removed, 'file');
  return removed === 0 ? `${put} put back as released` : `${put} put back as released, ${removed} removed`;
}

/** Files that no release knows, and that stay: the user's own, or a burglar's. */
function ownSentence({ plan, chosen }: PreparedRepair): string {
  const extra = plan.components
    .flatMap(({ files }) => files)
    .filter(({ state, path }) => state === 'extra' && !chosen.has(path));
  const suspicious = extra.filter((file) => file.suspicious);
  if (suspicious.length > 0)
    return ` ${counted(suspicious.length, 'file lies', 'files lie')} in core’s own folders and ${suspicious.length === 1 ? 'is' : 'are'} not of the release: ${suspicious
      .slice(0, 3)
      .map(({ path }) => path)
      .join(', ')}. Look at ${suspicious.length === 1 ? 'it' : 'them'}; nothing was removed.`;
  return extra.length === 0 ? '' : ` ${counted(extra.length, 'file')} of your own stayed.`;
}
