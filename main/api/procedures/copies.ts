import { implement } from '@orpc/server';
import type { PlaceSettings } from '../../backups/index.ts';
import { ChangedHost, UnknownHost } from '../../connections/index.ts';
import { asProblem, isAbort, Problem } from '../../words/index.ts';
import { contract } from '../contract.ts';
import { localPath } from '../local-path.ts';
import type { Services } from '../services.ts';

const NEVER = new AbortController().signal;

/** Copies of the store: where they are, kept up to date, verified, fetched from. */
export function copyProcedures(services: Services) {
  const api = implement(contract).copies;
  const { copies, copyRuns, store } = services;
  const started = ({ id }: { id: Awaited<ReturnType<typeof copyRuns.start>>['id'] }) => ({ runId: id });
  return {
    list: api.list.handler(async () => {
      const { locked, away, phraseAt } = store.state();
      const backups = locked || away ? [] : await store.list();
      return copies.states({ backups: backups.map(({ id }) => id), phraseAt });
    }),
    find: api.find.handler(({ input }) => copies.find(input.nameOrId)),
    test: api.test.handler(async ({ input, signal }) => {
      try {
        const place = written(input.place);
        const found = await copies.look(place, input.secrets, store.state().id, signal ?? NEVER);
        return { outcome: 'ok' as const, ...found };
      } catch (error) {
        if (signal?.aborted === true && isAbort(error)) throw error;
        if (error instanceof UnknownHost) return { outcome: 'unknown-host' as const, key: error.key };
        const problem = asProblem(error).toJSON();
        return error instanceof ChangedHost
          ? { outcome: 'failed' as const, problem, key: error.key }
          : { outcome: 'failed' as const, problem };
      }
    }),
    add: api.add.handler(async ({ input, signal }) => {
      const place = written(input.draft.place);
      const found = await copies.look(place, input.secrets, store.state().id, signal ?? NEVER);
      if (found.holds === 'other') {
        throw new Problem({
          code: 'copy-of-another',
          message: 'This place holds a copy of another backup store.',
          todo: 'Choose another folder. If this computer’s store was lost, bring it back from there: `backups bring-back`.',
        });
      }
      const copy = await copies.add({ ...input.draft, place }, input.secrets);
      const run = await copyRuns.start({ task: 'update', copyId: copy.id, letGo: false });
      return { copy, runId: run.id };
    }),
    edit: api.edit.handler(({ input }) => copies.edit(input.copyId, input.edit, input.secrets)),
    remove: api.remove.handler(async ({ input }) => {
      if (input.files === 'delete')
        return { runId: (await copyRuns.start({ task: 'clear', copyId: input.copyId })).id };
      await copies.forget(input.copyId);
      return { runId: null };
    }),
    update: api.update.handler(async ({ input }) =>
      started(await copyRuns.start({ task: 'update', ...input })),
    ),
    verify: api.verify.handler(async ({ input }) =>
      started(await copyRuns.start({ task: 'verify', ...input })),
    ),
    heal: api.heal.handler(async ({ input }) => started(await copyRuns.start({ task: 'heal', ...input }))),
    bringBack: api.bringBack.handler(async ({ input, signal }) => {
      const draft = { ...input.draft, place: written(input.draft.place) };
      return started(await copyRuns.bringBack(draft, input.secrets, signal ?? NEVER));
    }),
  };
}

/** A place as a user writes it: a folder of this computer becomes absolute. */
function written(place: PlaceSettings): PlaceSettings {
  return place.kind === 'folder' ? { ...place, folder: localPath(place.folder) } : place;
}
