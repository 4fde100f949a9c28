import { implement } from '@orpc/server';
import type { Run } from '../../runs/index.ts';
import { bytesInWords } from '../../words/index.ts';
import { contract } from '../contract.ts';
import { localPath } from '../local-path.ts';
import type { Services } from '../services.ts';
import { removeSpare, spareBackups } from './keeping.ts';

const NEVER = new AbortController().signal;

/** The store as a whole: its key, its space. */
export function storeProcedures(services: Services) {
  const api = implement(contract).store;
  const { store } = services;
  const changed = () => services.events.emit({ kind: 'backups', siteId: null });

  return {
    state: api.state.handler(() => store.state()),
    makePhrase: api.makePhrase.handler(async () => {
      const phrase = await store.makePhrase();
      changed();
      return { phrase };
    }),
    confirmPhrase: api.confirmPhrase.handler(async ({ input }) => {
      await store.confirmPhrase(input.phrase);
      changed();
      // Until then they open by the phrase before only, and that is about to be thrown away.
      const behind = services.copies.list().filter((copy) => copy.automatic && copy.updatedAt !== null);
      const runs = await Promise.all(
        behind.map(({ id }) => services.copyRuns.start({ task: 'update', copyId: id, letGo: false })),
      );
      return { state: store.state(), runIds: runs.map(({ id }) => id) };
    }),
    dropPhrase: api.dropPhrase.handler(async () => {
      await store.dropPhrase();
      changed();
      return store.state();
    }),
    unlock: api.unlock.handler(async ({ input }) => {
      await store.unlock(input.phrase);
      changed();
      return store.state();
    }),
    prunePlan: api.prunePlan.handler(async ({ input, signal }) => {
      const backups = input.thin ? await spareBackups(services) : [];
      const without = backups.map(({ id }) => id);
      return { ...(await store.prune({ dryRun: true, without }, signal ?? NEVER, () => {})), backups };
    }),
    prune: api.prune.handler(async ({ input }) => ({ runId: (await pruneRun(services, input.thin)).id })),
    space: api.space.handler(({ signal }) => store.space(signal ?? NEVER)),
    rebuildIndex: api.rebuildIndex.handler(async () => {
      await store.rebuildIndex();
      return {};
    }),
    move: api.move.handler(async ({ input }) => {
      const run = await services.copyRuns.start({
        task: 'move',
        to: localPath(input.folder),
        removeOld: input.removeOld,
      });
      return { runId: run.id };
    }),
  };
}

/** Starts giving back space. @param thin backups that the rules do not keep go first */
export async function pruneRun(services: Services, thin: boolean): Promise<Run> {
  const { store, runs } = services;
  const thinning = { name: 'thin', title: 'Remove backups that the rules do not keep' };
  const pruning = { name: 'prune', title: 'Throw away what no backup needs' };
  return runs.start(
    {
      kind: 'prune',
      site: null,
      title: 'Give back space',
      expected: [...(thin ? [thinning] : []), pruning],
      plan: {},
    },
    null,
    async (context) => {
      if (thin)
        await context.step(thinning.name, thinning, async (step) => {
          await removeSpare(services, context, step);
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
          summary: freed > 0 ? `${bytesInWords(freed)} given back. ${left}` : `Nothing to give back. ${left}`,
        };
      });
    },
  );
}
