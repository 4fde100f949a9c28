import PQueue from 'p-queue';
import type { Reach } from '../connections/index.ts';
import type { Inventory, Platforms, Reading } from '../platforms/index.ts';
import { askWordPressOrg, type Answers, type WordPressOrgPlace } from '../releases/index.ts';
import type { RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import type { Problem } from '../words/index.ts';
import { asProblem, counted, isAbort, type Clock } from '../words/index.ts';
import { questionOf, updatesFor } from './fit.ts';
import type { Checked, CheckRecords } from './records.ts';

export interface CheckServices {
  readonly reach: Reach;
  readonly platforms: Platforms;
  readonly answers: Answers;
  readonly records: CheckRecords;
  readonly place: () => WordPressOrgPlace;
  readonly atOnce: () => number;
  readonly clock: Clock;
  /** Called for each site soon after it has been read, once that is written down. */
  readonly onSite: (site: Site) => void;
}

/** An inventory is read in full at least this often: what is active lies in the database, where no quick look goes. */
const FULL_AFTER = 24 * 3_600_000;

/** The title of each step of a check, in order. */
export const CHECK_STEPS = [
  { name: 'read', title: 'Read the inventories' },
  { name: 'ask', title: 'Ask for releases' },
] as const;

/**
 * Checks sites: reads their inventories, many at once, then asks each source one question for all of them.
 * One bad site or source never delays or spoils the others.
 */
export async function checkSites(
  services: CheckServices,
  sites: readonly Site[],
  force: boolean,
  context: RunContext,
): Promise<RunResult> {
  const { records, clock } = services;
  const failures = new Map<string, Problem>();
  await context.step('read', { title: CHECK_STEPS[0].title }, async (step) => {
    const known = await records.inventories();
    const queue = new PQueue({ concurrency: services.atOnce() });
    const bySite = new Map(sites.map((site) => [site.id, site]));
    const notes = takeNotes(async (checked) => {
      await records.saveChecked(checked);
      for (const { siteId } of checked) {
        const site = bySite.get(siteId);
        if (site) services.onSite(site);
      }
    });
    let done = 0;
    await Promise.all(
      sites.map((site) =>
        queue.add(async () => {
          if (context.signal.aborted) return;
          try {
            const inventory = await inventoryOf(
              services,
              site,
              force ? null : (known.get(site.id) ?? null),
              context.signal,
            );
            notes.add({ siteId: site.id, checkedAt: clock(), inventory, problem: null });
          } catch (error) {
            if (context.signal.aborted && isAbort(error)) return;
            const problem = asProblem(error);
            failures.set(site.id, problem);
            context.log('error', `${site.name}: ${problem.message} ${problem.answered}`.trim());
            notes.add({ siteId: site.id, checkedAt: clock(), inventory: null, problem: problem.toJSON() });
          }
          done += 1;
          context.progress({ what: 'Read the inventories', done, total: sites.length, unit: 'sites' });
        }),
      ),
    ).finally(() => notes.flush());
    context.signal.throwIfAborted();
    step.detail(
      failures.size === 0
        ? `${sites.length} read.`
        : `${sites.length - failures.size} read, ${failures.size} failed.`,
    );
  });
  const problems = await context.step('ask', { title: CHECK_STEPS[1].title }, async (step) => {
    const { waiting, problems: failed } = await refreshUpdates(services, sites, force, context.signal);
    for (const problem of failed) context.log('warning', `${problem.message} ${problem.answered}`);
    step.detail(`${counted(waiting, 'update waits', 'updates wait')}.`);
    return failed;
  });
  return resultOf(sites, failures, problems);
}

/** Milliseconds that what was found of a site may wait for that of others, before both are written down together. */
const TOGETHER = 150;

/** Gathers what is found and hands it on in batches, because each wait for the disk holds everything up. */
function takeNotes(save: (checked: readonly Checked[]) => Promise<void>): {
  add(checked: Checked): void;
  flush(): Promise<void>;
} {
  let waiting: Checked[] = [];
  let timer: NodeJS.Timeout | null = null;
  let saving: Promise<void> = Promise.resolve();
  const flush = () => {
    if (timer) clearTimeout(timer);
    timer = null;
    const batch = waiting;
    waiting = [];
    if (batch.length > 0) {
      saving = saving.then(() => save(batch));
      // Told to whoever flushes last.
      saving.catch(() => {});
    }
    return saving;
  };
  return {
    add(checked) {
      waiting.push(checked);
      timer ??= setTimeout(() => void flush().catch(() => {}), TOGETHER);
    },
    flush,
  };
}

/** A site's inventory; null for a platform that has none. */
async function inventoryOf(
  services: CheckServices,
  site: Site,
  known: Inventory | null,
  signal: AbortSignal,
): Promise<Inventory | null> {
  const { module } = services.platforms.get(site.platform);
  const now = services.clock();
  return services.reach(site, signal, async (connection) => {
    const options = { root: site.root, php: site.settings.php, signal, now };
    if (module === null) return null;
    if (known === null || known.fingerprint === '' || now - known.readAt > FULL_AFTER)
      return (await module.read(connection, options)).inventory;
    const changed: Reading | null = await module.readIfChanged(connection, options, known.fingerprint);
    return changed?.inventory ?? { ...known, confirmedAt: now };
  });
}

/** Asks the sources and writes down what waits, for all sites whose inventory is known. */
export async function refreshUpdates(
  services: Pick<CheckServices, 'records' | 'answers' | 'place'>,
  sites: readonly Site[],
  force: boolean,
  signal: AbortSignal,
): Promise<{ waiting: number; problems: readonly Problem[] }> {
  const inventories = await services.records.inventories();
  // The union of the whole fleet, also when only some sites are checked: the answer is the same one from the cache.
  const answer = await askWordPressOrg(
    services.place(),
    questionOf([...inventories.values()]),
    services.answers,
    force,
    signal,
  );
  let waiting = 0;
  const unanswered = answer.failures.length > 0;
  for (const site of sites) {
    const inventory = inventories.get(site.id);
    if (!inventory) continue;
    const updates = updatesFor(site.id, inventory, answer);
    // A source that did not answer says nothing: what was known before still waits, if it is still newer.
    const before = unanswered
      ? (await services.records.updates(site.id)).filter((update) =>
          stillThere(update.component.slug, update.component.version, inventory),
        )
      : [];
    const missing = before.filter(
      (old) =>
        !updates.some(
          (update) =>
            update.component.slug === old.component.slug && update.component.kind === old.component.kind,
        ),
    );
    await services.records.saveUpdates(site.id, [...updates, ...missing]);
    waiting += updates.length + missing.length;
  }
  return { waiting, problems: answer.failures };
}

function stillThere(slug: string, version: string, inventory: Inventory): boolean {
  return inventory.components.some((component) => component.slug === slug && component.version === version);
}

function resultOf(
  sites: readonly Site[],
  failures: ReadonlyMap<string, Problem>,
  problems: readonly Problem[],
): RunResult {
  const [only] = failures.values();
  if (failures.size > 0 && failures.size === sites.length && only) {
    return {
      state: 'failed',
      summary: sites.length === 1 ? only.message : `None of ${sites.length} sites could be read.`,
      problem: only,
    };
  }
  const [source] = problems;
  if (source && sites.length > 0)
    return {
      state: 'failed',
      summary: `${sites.length - failures.size} sites were read, but not every source answered.`,
      problem: source,
    };
  const failed = failures.size === 0 ? '' : ` ${failures.size} could not be read.`;
  return { state: 'done', summary: `${counted(sites.length - failures.size, 'site')} checked.${failed}` };
}
