import { asProblem, type Clock } from '../words/index.ts';
import type { RunContext } from '../runs/index.ts';
import { verdictSentence, type Baseline } from './health.ts';
import { isSick } from './judge.ts';
import type { Ledger } from './ledger.ts';
import { lookAfter } from './look-steps.ts';
import type { Operations } from './operations.ts';
import type { Verdict } from './plan.ts';
import { planJson } from './run-plan.ts';
import { schemaChanges, schemaSentence } from './schema-change.ts';

/** One update under way: what its steps share. */
export interface UpdateSession {
  readonly context: RunContext;
  readonly operations: Operations;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Whether something was changed that is neither judged nor taken back. */
  unsettled: boolean;
  /** Whether visitors could not be let in when they were to be. That is done again at the end. */
  shutOut: boolean;
}

/** Swaps one staged component in, migrates, judges, and takes it back when the site got worse or anything failed. */
export async function updatePart(
  session: UpdateSession,
  index: number,
  baseline: Baseline,
): Promise<Verdict> {
  const { context, operations, ledger } = session;
  const { slug, name, to, kind, migrates } = ledger.part(index);
  const migrating = migrates !== 'no';
  let takingBack = false;
  let schema: string | null = null;
  try {
    if (migrating) {
      await closeToVisitors(session, index);
      schema = await dumpDatabase(session, index);
    }
    context.signal.throwIfAborted();
    await swapIn(session, index);
    if (kind === 'core' && migrating)
      await context.step(`migrate ${slug}`, { title: 'Upgrade the database' }, async (step) => {
        await operations.migrate(baseline);
        step.detail('Done.');
      });
    const verdict = await lookAfter(
      context,
      { name: `judge ${slug}`, title: 'Look whether the site got worse' },
      async () => {
        await operations.settleCode(baseline);
        return operations.health.compare(operations.hands, baseline);
      },
      async (found) => {
        const changed = schema === null ? '' : await noteSchema(session, index, schema);
        return `${verdictSentence(found)} ${changed}`.trim();
      },
    );
    if (verdict.verdict === 'worse') {
      context.log('error', `${name} ${to} made the site worse: ${verdict.reasons.join(' ')}`);
      takingBack = true;
      await takeBack(session, index, baseline);
    } else {
      await ledger.setPart(index, { outcome: 'kept' });
      // Before visitors come in: what they write is not undone by itself any more.
      await operations.setUndo(null, index);
      session.unsettled = false;
    }
    return verdict;
  } catch (error) {
    if (!takingBack) await takeBack(session, index, baseline);
    throw error;
  } finally {
    operations.stopRenewing();
    // Where it could not be brought back, visitors stay out until it is.
    if (operations.closed && !session.unsettled)
      await context.step(`online ${slug}`, { title: 'Let visitors back in' }, async () => {
        session.shutOut = true;
        await operations.open();
        session.shutOut = false;
      });
  }
}

async function closeToVisitors({ context, operations, ledger, clock }: UpdateSession, index: number) {
  await context.step(
    `offline ${ledger.part(index).slug}`,
    { title: 'Show visitors a maintenance page', undo: { online: true } },
    async () => {
      await ledger.setPart(index, { offlineAt: clock() });
      await operations.close();
    },
  );
}

/** @returns the schema as it was, for {@link noteSchema}; null: it is not known */
async function dumpDatabase({ context, operations, ledger }: UpdateSession, index: number) {
  const { slug } = ledger.part(index);
  return context.step(`dump ${slug}`, { title: operations.dumpTitle }, async (step) => {
    const schema = await operations.schema();
    const { noted, detail } = await operations.dump(index);
    await ledger.setPart(index, noted);
    step.detail(detail);
    return schema;
  });
}

/** Notes what a migration changed of the schema. What cannot be read is said, and stops nothing. @returns it in words */
async function noteSchema({ context, operations, ledger }: UpdateSession, index: number, before: string) {
  try {
    const after = await operations.schema();
    const schema = after === null ? null : schemaChanges(before, after);
    await ledger.setPart(index, { schema });
    return schema === null ? '' : schemaSentence(schema);
  } catch (error) {
    context.signal.throwIfAborted();
    const { message, answered } = asProblem(error);
    context.log(
      'warning',
      `What it changed of the database could not be read. ${message} ${answered}`.trim(),
    );
    return '';
  }
}

async function swapIn(session: UpdateSession, index: number): Promise<void> {
  const { context, operations, ledger } = session;
  const part = ledger.part(index);
  session.unsettled = true;
  const undo = planJson({ ...ledger.plan, parts: [part] });
  await context.step(`swap ${part.slug}`, { title: `Swap ${part.name} ${part.to} in`, undo }, async () => {
    await operations.setUndo(part, index);
    await operations.swap(part);
  });
}

async function takeBack(session: UpdateSession, index: number, baseline: Baseline): Promise<void> {
  const { context, ledger, operations } = session;
  const part = ledger.part(index);
  const { patient, health } = operations;
  // Until it is back, this run is not over.
  session.unsettled = true;
  // It was judged well, and what came after that failed. Where this cannot be noted it is brought back all the same.
  if (part.outcome === 'kept') await ledger.setPart(index, { outcome: 'waiting' }).catch(() => {});
  await context.step(`undo ${part.slug}`, { title: `Bring ${part.name} ${part.from} back` }, async (step) => {
    await operations.undo(part);
    await ledger.setPart(index, { outcome: 'undone' });
    await context.undone([`swap ${part.slug}`, `migrate ${part.slug}`]);
    await operations.setUndo(null, index, patient);
    session.unsettled = false;
    await operations.settleCode(baseline, patient);
    const verdict = await health.glance(patient, baseline);
    step.seen(verdict.pages);
    step.detail(
      verdict.verdict === 'worse'
        ? `Brought back, but: ${verdict.reasons.join(' ')}`
        : 'The site is as it was.',
    );
    if (verdict.verdict === 'worse' && !baseline.probes.every(isSick))
      context.log('error', `After bringing it back: ${verdict.reasons.join(' ')}`);
  });
}
