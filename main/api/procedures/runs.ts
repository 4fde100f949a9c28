import { implement } from '@orpc/server';
import { contract } from '../contract.ts';
import type { Services } from '../services.ts';

/** Runs, seen and steered. */
export function runProcedures(services: Services) {
  const api = implement(contract).runs;
  const { runs } = services;
  return {
    list: api.list.handler(({ input }) => runs.list(input)),
    show: api.show.handler(({ input }) => runs.show(input.runId)),
    cancel: api.cancel.handler(async ({ input }) => {
      await runs.cancel(input.runId);
      return {};
    }),
    follow: api.follow.handler(async function* ({ input, signal }) {
      yield* runs.follow(input.runId, input.after, signal);
    }),
    recover: api.recover.handler(async () => {
      const recovered = await services.recover();
      return {
        recovered: recovered.map((run) => ({ runId: run.id, title: run.title, outcome: run.summary })),
      };
    }),
  };
}
