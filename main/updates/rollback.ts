import { setTimeout as wait } from 'node:timers/promises';
import { createHash, randomBytes } from 'node:crypto';
import { countRows, restoreFrom, type DatabaseWork, type Store } from '../backups/index.ts';
import { run, sh } from '../connections/index.ts';
import type { RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { joinRemote, Problem, type RunId } from '../words/index.ts';
import { createHands, type Hands } from './hands.ts';
import { judge } from './judge.ts';
import { OPCACHE } from './opcache.ts';
import type { KeptRecord } from './kept.ts';
import type { RollbackPreview } from './plan.ts';
import { probeAll, probeUrls } from './probe.ts';
import { fence, inodesOf, lockSite, unlockSite } from './remote.ts';
import { restorePaths } from './restore-site.ts';
import type { JournaledPart } from './run-plan.ts';
import { goOffline, goOnline, sweep, undoPart } from './undo.ts';
import type { UpdateServices } from './update.ts';

export interface RollbackServices extends UpdateServices {
  readonly store: Store;
}

export interface RollbackChoice {
  /** Which update; null: the latest. */
  readonly runId: RunId | null;
  /** Slugs; null: all of its components. */
  readonly components: readonly string[] | null;
  readonly database: 'keep' | 'restore';
}

export const ROLLBACK_STEPS = [
  { name: 'preflight', title: 'Look what can be brought back' },
  { name: 'backup', title: 'Back up the site as it is' },
  { name: 'undo', title: 'Bring the old version back' },
  { name: 'judge', title: 'Look at the site' },
  { name: 'settle', title: 'Tidy up' },
];

/** The update that a choice means. @throws Problem `nothing-to-roll-back` */
export async function updateToUndo(
  services: RollbackServices,
  site: Site,
  choice: Pick<RollbackChoice, 'runId' | 'components'>,
): Promise<{ record: KeptRecord; parts: JournaledPart[] }> {
  const record =
    choice.runId === null ? (await services.kept.of(site.id))[0] : await services.kept.get(choice.runId);
  const parts =
    record?.tree.parts.filter(
      (part) => choice.components === null || choice.components.includes(part.slug),
    ) ?? [];
  if (!record || record.siteId !== site.id || parts.length === 0) {
    throw new Problem({
      code: 'nothing-to-roll-back',
      message: `There is no update of ${site.name} that can be taken back${choice.components === null ? '' : ' for these components'}.`,
      todo: 'Restore from a backup instead (`backups restore`).',
    });
  }
  return { record, parts };
}

/** What a rollback would do, and what restoring the database would lose. Reads only. */
export async function previewRollback(
  services: RollbackServices,
  site: Site,
  choice: Pick<RollbackChoice, 'runId' | 'components'>,
  signal: AbortSignal,
): Promise<RollbackPreview> {
  const { record, parts } = await updateToUndo(services, site, choice);
  const hands = handsFor(services, site, signal);
  const means = (await areKept(hands, parts)) ? 'kept' : 'store';
  const snapshot = await services.store.open(record.tree.backupId).catch(() => null);
  const before = snapshot?.database?.tables ?? null;
  const now = await hands
    .on(async (connection) => {
      const work = await hands.database(connection);
      return work === null ? null : countRows(work);
    })
    .catch(() => null);
  return {
    title: titleOf(parts),
    components: parts.map(({ kind, slug, name, from, to }) => ({ kind, slug, name, from: to, to: from })),
    means,
    database: {
      available: before !== null,
      takenAt: snapshot?.backup.takenAt ?? null,
      changed: before === null || now === null ? null : differences(before, now),
    },
  };
}

/** Takes an update back by hand: from the tree that was kept on the site, or from the store. */
export async function rollBack(
  services: RollbackServices,
  given: Site,
  choice: RollbackChoice,
  context: RunContext,
): Promise<RunResult> {
  const hands = handsFor(services, given, context.signal);
  const { record, parts } = await updateToUndo(services, given, choice);
  const { privateFolder, runFolder, backupId } = record.tree;
  const before = fence(privateFolder, context.runId);
  const lock = { privateFolder, runId: context.runId };
  const secret = randomBytes(24).toString('base64url');
  const digest = createHash('sha256').update(secret).digest('hex');
  const urls = probeUrls(given.url, [...hands.platform.recipe.probe.paths, ...given.settings.probePaths]);
  const look = (signal: AbortSignal) =>
    probeAll(urls, 1, { faults: hands.platform.recipe.probe.faults, secret, signal });
  const withDatabase = choice.database === 'restore';

  const { kept, php, baseline } = await context.step(
    'preflight',
    { title: 'Look what can be brought back' },
    async (step) => {
      const found = await areKept(hands, parts);
      await hands.on((connection) => lockSite(connection, { ...lock, signal: context.signal }));
      step.detail(
        found ? 'The old version still lies on the site.' : 'The old version comes from the backup.',
      );
      // The site may be dead: then PHP's path is the configured one, and the files come back all the same.
      const reading = await hands.reading().catch(() => null);
      return {
        kept: found,
        php: reading?.facts.php ?? given.settings.php ?? 'php',
        baseline: await look(context.signal),
      };
    },
  );
  const patient = hands.patient();
  let offline = false;
  try {
    await context.step('backup', { title: 'Back up the site as it is' }, async (step) => {
      const backup = await services.backUp(given, 'before-rollback', context);
      step.detail(`${backup.files} files${backup.database === null ? '' : ' and the database'}.`);
    });
    await context.step(
      'undo',
      { title: `Bring ${titleOf(parts)} back`, undo: { online: true } },
      async () => {
        if (withDatabase) {
          offline = true;
          await goOffline(hands, before, digest, php);
        }
        if (kept)
          for (const part of [...parts].reverse())
            await undoPart(patient, services.scripts, { ...part, dump: null }, before, false);
        else
          await restorePaths(services, patient, backupId, pathsOf(given, parts), {
            fence: before,
            runFolder: joinRemote(privateFolder, context.runId),
            progress: context.progress,
          });
        if (withDatabase) await restoreDatabase(services, patient, backupId, before);
      },
    );
    const verdict = await context.step('judge', { title: 'Look at the site' }, async (step) => {
      await wait(OPCACHE);
      const found = judge(baseline, await look(patient.signal), [], { slowerTimes: services.slowerTimes() });
      step.detail(
        found.verdict === 'worse'
          ? found.reasons.join(' ')
          : found.verdict === 'better'
            ? 'Better than before.'
            : 'As healthy as before.',
      );
      return found;
    });
    const rest = record.tree.parts.filter((part) => !parts.includes(part));
    if (rest.length === 0) await services.kept.forget(record.runId);
    else
      await services.kept.keep(
        record.runId,
        given.id,
        { ...record.tree, parts: rest },
        services.keepOldDays(),
      );
    const what = `${titleOf(parts)} brought back${withDatabase ? ', with the database' : ''}.`;
    return verdict.verdict === 'worse'
      ? { state: 'done', summary: `${what} But the site looks worse now: ${verdict.reasons.join(' ')}` }
      : { state: 'done', summary: what };
  } finally {
    await context.step('settle', { title: 'Tidy up' }, async () => {
      if (offline) await goOnline(patient, before, php);
      const empty = (await services.kept.get(record.runId)) === null;
      await sweep(patient, before, [...(empty ? [runFolder] : []), joinRemote(privateFolder, context.runId)]);
      await patient.on((connection) => unlockSite(connection, { ...lock, signal: patient.signal }));
    });
    await services.afterRun(given);
  }
}

/** Puts the database of a backup back into the site. */
export async function restoreDatabase(
  services: RollbackServices,
  hands: Hands,
  backupId: Parameters<Store['open']>[0],
  before: ReturnType<typeof sh>,
): Promise<void> {
  const snapshot = await services.store.open(backupId);
  const { database } = snapshot;
  if (database === null)
    throw new Problem({
      code: 'no-dump',
      message: 'This backup holds no database.',
      todo: 'Choose another backup.',
    });
  await hands.on(async (connection) => {
    const work: DatabaseWork | null = await hands.database(connection, before);
    if (work === null)
      throw new Problem({
        code: 'no-database',
        message: 'The site’s database cannot be reached.',
        todo: 'Mend the access in its configuration, then restore again.',
      });
    if (work.access.kind !== database.kind)
      throw new Problem({
        code: 'other-database',
        message: 'The backup was made of another kind of database than the site has now.',
        todo: 'Restore it to a folder and import it by hand.',
      });
    await restoreFrom(
      work,
      async (stdin) => {
        for await (const chunk of snapshot.read(database.blobs))
          if (!stdin.write(chunk))
            await new Promise<void>((resolve) =>
              stdin
                .once('drain', resolve)
                .once('close', resolve)
                .once('error', () => resolve()),
            );
        stdin.end();
      },
      database.tables.map((table) => table.name),
    );
  });
}

function handsFor(services: RollbackServices, site: Site, signal: AbortSignal): Hands {
  return createHands({
    site,
    platform: services.platforms.get(site.platform),
    reach: services.reach,
    scripts: services.databaseScripts,
    signal,
    now: services.clock(),
  });
}

/** Whether every old tree is still there and nothing has been installed over it since. */
async function areKept(hands: Hands, parts: readonly JournaledPart[]): Promise<boolean> {
  const items = parts.flatMap((part) => part.items);
  const folders = items.filter(
    (item) => item.kind === 'folder' && item.inode !== null && item.staged !== null,
  );
  const files = items.filter((item) => item.kind === 'file' && item.inode !== null);
  return hands.on(async (connection) => {
    const inodes = await inodesOf(
      connection,
      folders.map((item) => item.old),
      hands.signal,
    );
    if (folders.some((item, index) => item.inode !== inodes[index])) return false;
    if (files.length === 0) return true;
    const there = await run(
      connection,
      sh`for one in ${files.map((item) => item.old)}; do [ -f "$one" ] || exit 1; done`,
      { attempted: 'Look for the old files', signal: hands.signal, timeLimit: 30_000 },
    );
    return there.code === 0;
  });
}

function pathsOf(site: Site, parts: readonly JournaledPart[]): string[] {
  return parts.flatMap((part) => part.items.map((item) => item.live.slice(site.root.length + 1)));
}

function titleOf(parts: readonly JournaledPart[]): string {
  return parts.map((part) => `${part.name} ${part.to} → ${part.from}`).join(', ');
}

function differences(
  before: readonly { name: string; rows: number }[],
  now: readonly { name: string; rows: number }[],
): { table: string; before: number; now: number }[] {
  const names = [...new Set([...before, ...now].map((table) => table.name))].sort();
  return names.flatMap((table) => {
    const was = before.find((one) => one.name === table)?.rows ?? 0;
    const is = now.find((one) => one.name === table)?.rows ?? 0;
    return was === is ? [] : [{ table, before: was, now: is }];
  });
}
