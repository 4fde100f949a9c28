import { join } from 'node:path';
import { drill, readBackSome, type Backup, type Proof } from '../../backups/index.ts';
import type { Run, RunContext, RunResult } from '../../runs/index.ts';
import { shareToProve } from '../../schedule/index.ts';
import { bytesInWords, counted, Problem, type BackupId } from '../../words/index.ts';
import type { Services } from '../services.ts';

const READ = { name: 'verify', title: 'Read everything back' };
const SHARE = { name: 'verify', title: 'Read back what was read longest ago' };
/** Runs that matter more than reading back: it waits for them between two packs. */
const FIRST: readonly string[] = ['backup', 'update', 'rollback', 'restore', 'repair', 'prune'];

/** Starts reading back backups, every byte of them; null: all. */
export async function verifyRun(services: Services, ids: readonly BackupId[] | null): Promise<Run> {
  const title = ids === null ? 'Verify all backups' : 'Verify a backup';
  return begin(services, title, READ, (context) =>
    context.step(READ.name, READ, async (step) => {
      const report = await services.store.verify(ids, context.signal, context.progress);
      step.detail(`${counted(report.backups, 'backup')}, ${bytesInWords(report.bytes)}.`);
      refuseDamage(report.damage, context);
      return { state: 'done', summary: `${counted(report.backups, 'backup is', 'backups are')} whole.` };
    }),
  );
}

/** Starts reading back a day's share of the store: so much that all of it is within the days of the preferences. */
export async function rollingRun(services: Services): Promise<Run> {
  const { store, settings, lastDone, clock } = services;
  const withinDays = settings.get().backups.proveWithinDays || 30;
  return begin(services, 'Read back part of the backups', SHARE, (context) =>
    context.step(SHARE.name, SHARE, async (step) => {
      const now = clock();
      const share = shareToProve(now, {
        bytes: await store.size(),
        withinDays,
        last: await lastDone.of('prove'),
      });
      const report = await readBackSome(
        store,
        { ...share, rest: () => untilCalm(services, context) },
        context.signal,
        context.progress,
      );
      await lastDone.set('prove', now);
      step.detail(`${counted(report.packs, 'pack')}, ${bytesInWords(report.bytes)}.`);
      services.events.emit({ kind: 'backups', siteId: null });
      refuseDamage(report.damage, context);
      return {
        state: 'done',
        summary:
          report.packs === 0
            ? 'Everything was read back not long ago.'
            : `${bytesInWords(report.bytes)} of the backups read back: whole.`,
      };
    }),
  );
}

const DRILL = { name: 'drill', title: 'Restore it here, and compare' };

/** Where drills restore to when no folder is named; nothing in it outlives a drill. */
export function drillFolder(dataFolder: string): string {
  return join(dataFolder, 'drills');
}

/**
 * Starts a drill: the whole backup is restored into a folder of this computer, compared, and deleted again. What was proved is
 * noted with the backup.
 * @param folder null: below the data folder
 */
export async function drillRun(services: Services, backup: Backup, folder: string | null): Promise<Run> {
  const { store, runs, clock, events } = services;
  return runs.start(
    {
      kind: 'verify',
      site: { id: backup.siteId, name: backup.siteName },
      title: `Prove the backup of ${backup.siteName} by restoring it`,
      expected: [DRILL],
      plan: {},
    },
    null,
    (context) =>
      context.step(DRILL.name, DRILL, async (step) => {
        const note = async (proof: Proof | null) => {
          await store.mark(backup.id, { proof });
          events.emit({ kind: 'backups', siteId: backup.siteId });
          events.emit({ kind: 'site', siteId: backup.siteId });
        };
        try {
          const snapshot = await store.open(backup.id);
          const below = folder ?? drillFolder(services.info.dataFolder);
          const proof = {
            at: clock(),
            ...(await drill(store, snapshot, below, context.signal, context.progress)),
          };
          await note(proof);
          for (const line of proof.unproved) context.log('warning', `Not proved: ${line}`);
          step.detail(`${counted(proof.files, 'file')}, ${bytesInWords(proof.bytes)}.`);
          return { state: 'done', summary: proofInWords(proof) };
        } catch (error) {
          // What was proved once is not true any more when the backup itself is not what it was.
          const disproved =
            error instanceof Problem && (error.code === 'drill-failed' || error.code === 'store-damaged');
          if (disproved) await note(null);
          throw error;
        }
      }),
  );
}

/** What a drill proved, in sentences. */
function proofInWords({ files, bytes, database, unproved }: Proof): string {
  const dump =
    database === null
      ? ''
      : database.how === 'loaded'
        ? ` The database was loaded into ${database.server}: ${counted(database.tables, 'table')}, ${counted(database.rows, 'row')}.`
        : ` The database’s dump is whole: ${counted(database.tables, 'table')}, ${counted(database.rows, 'row')}.`;
  const rest = unproved.length === 0 ? '' : ` Not proved: ${unproved.join(' ')}`;
  return `${counted(files, 'file')}, ${bytesInWords(bytes)}, restored and compared, byte for byte.${dump}${rest}`;
}

function begin(
  { runs }: Services,
  title: string,
  step: { readonly name: string; readonly title: string },
  work: (context: RunContext) => Promise<RunResult>,
): Promise<Run> {
  return runs.start({ kind: 'verify', site: null, title, expected: [step], plan: {} }, null, work);
}

function refuseDamage(damage: readonly string[], context: RunContext): void {
  if (damage.length === 0) return;
  for (const line of damage) context.log('error', line);
  throw new Problem({
    code: 'store-damaged',
    message: `${counted(damage.length, 'place', 'places')} in the backups damaged.`,
    attempted: 'Read the backups back',
    answered: damage.slice(0, 5).join('; '),
    todo: 'Back up these sites again at once: what is still on them is stored anew. Then look after the disk.',
  });
}

/** Resolves when nothing runs that matters more. */
async function untilCalm({ runs }: Services, { signal, progress }: RunContext): Promise<void> {
  const busy = () => runs.live().some(({ kind }) => FIRST.includes(kind));
  if (!busy()) return;
  progress({ what: 'Wait for other work', done: 0, total: null, unit: 'steps' });
  await new Promise<void>((resolve) => {
    const look = () => {
      if (busy() && !signal.aborted) return;
      off();
      signal.removeEventListener('abort', look);
      resolve();
    };
    // A run has ended a moment after it said so.
    const off = runs.changed.on(() => setImmediate(look));
    signal.addEventListener('abort', look);
    look();
  });
}
