import { implement } from '@orpc/server';
import { takeOver, TAKE_OVER_STEPS } from '../../updates/index.ts';
import { contract } from '../contract.ts';
import { storyOf, storyText } from '../../runs/index.ts';
import { Problem } from '../../words/index.ts';
import type { Services } from '../services.ts';
import { refuseInterrupted } from './updates.ts';

/** Runs, seen and steered. */
export function runProcedures(services: Services) {
  const api = implement(contract).runs;
  const { runs } = services;
  return {
    list: api.list.handler(({ input }) => runs.list(input)),
    show: api.show.handler(({ input }) => runs.show(input.runId)),
    story: api.story.handler(async ({ input }) => {
      const run = await runs.show(input.runId);
      return {
        chapters: storyOf(run).map(({ title, lines }) => ({ title, lines: [...lines] })),
        text: storyText(run),
      };
    }),
    picture: api.picture.handler(async ({ input }) => {
      const { pictures } = services.updates;
      if (pictures === null)
        throw new Problem({
          code: 'no-picture',
          message: 'No browser is at hand, so there are no pictures.',
        });
      return { base64: (await pictures.read(input.runId, input.name)).toString('base64') };
    }),
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
    takeOver: api.takeOver.handler(async ({ input }) => {
      const site = services.sites.get(input.siteId);
      await refuseInterrupted(services, site.id);
      const run = await runs.start(
        {
          kind: 'rollback',
          site: { id: site.id, name: site.name },
          title: 'Take back what another computer left',
          expected: TAKE_OVER_STEPS.map((step) => ({ ...step })),
          plan: {},
        },
        services.hostOf(site),
        (context) => takeOver(services.updates, site, context),
      );
      return { runId: run.id };
    }),
  };
}
