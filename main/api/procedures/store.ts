import { implement } from '@orpc/server';
import { decide, RetentionPolicy, type Backup } from '../../backups/index.ts';
import { bytesInWords } from '../../words/index.ts';
import { contract } from '../contract.ts';
import type { Services } from '../services.ts';

const NEVER = new AbortController().signal;

/** The store as a whole: its key, its space. */
export function storeProcedures(services: Services) {
  const api = implement(contract).store;
  const { store, runs } = services;

  /** Backups that the rules do not keep. One that a rollback still needs counts as pinned. */
  async function spare(): Promise<Backup[]> {
    const backups = await store.list();
    const sites = [...new Set(backups.map(({ siteId }) => siteId))];
    const kept = await Promise.all(sites.map((siteId) => services.updates.kept.of(siteId)));
    const needed = new Set(kept.flat().map(({ tree }) => tree.backupId));
    const decided = decide(
      backups.map((backup) => ({ ...backup, pinned: needed.has(backup.id) })),
      RetentionPolicy.parse({}),
      services.clock(),
    );
    const going = new Set(decided.flatMap(({ id, keep }) => (keep ? [] : [id])));
    return backups.filter(({ id }) => going.has(id));
  }

  return {
    state: api.state.handler(() => store.state()),
    makePhrase: api.makePhrase.handler(async () => ({ phrase: await store.makePhrase() })),
    unlock: api.unlock.handler(async ({ input }) => {
      await store.unlock(input.phrase);
      services.events.emit({ kind: 'backups', siteId: null });
      return store.state();
    }),
    prunePlan: api.prunePlan.handler(async ({ input, signal }) => {
      const backups = input.thin ? await spare() : [];
      const without = backups.map(({ id }) => id);
      return { ...(await store.prune({ dryRun: true, without }, signal ?? NEVER, () => {})), backups };
    }),
    prune: api.prune.handler(async ({ input }) => {
      const thinning = { name: 'thin', title: 'Remove backups that the rules do not keep' };
      const pruning = { name: 'prune', title: 'Throw away what no backup needs' };
      const run = await runs.start(
        {
          kind: 'prune',
          site: null,
          title: 'Give back space',
          expected: [...(input.thin ? [thinning] : []), pruning],
          plan: {},
        },
        null,
        async (context) => {
          if (input.thin)
            await context.step(thinning.name, thinning, async (step) => {
              const gone = await spare();
              for (const backup of gone) {
                context.signal.throwIfAborted();
                await store.remove(backup.id);
                context.log(
                  'info',
                  `Removed: ${backup.siteName}, ${new Date(backup.takenAt).toISOString()}.`,
                );
              }
              step.detail(`${gone.length} backups removed.`);
              services.events.emit({ kind: 'backups', siteId: null });
            });
          return context.step(pruning.name, pruning, async (step) => {
            const { deleted, rewritten, freed, bytes } = await store.prune(
              { dryRun: false },
              context.signal,
              context.progress,
            );
            step.detail(`${deleted} packs deleted, ${rewritten} written anew.`);
            const left = `The store takes ${bytesInWords(bytes)}.`;
            return {
              state: 'done',
              summary:
                freed > 0 ? `${bytesInWords(freed)} given back. ${left}` : `Nothing to give back. ${left}`,
            };
          });
        },
      );
      return { runId: run.id };
    }),
    rebuildIndex: api.rebuildIndex.handler(async () => {
      await store.rebuildIndex();
      return {};
    }),
  };
}
