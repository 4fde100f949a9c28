import type { Orphan, RunContext, RunResult } from '../../runs/index.ts';
import type { Site } from '../../sites/index.ts';
import { handsFor } from '../hands.ts';
import { ledgerFrom } from '../ledger.ts';
import type { RunPlan } from '../run-plan.ts';
import type { RollbackServices } from '../services.ts';
import { settleBroughtBack } from '../settle.ts';
import { operationsOverSftp } from './operations.ts';

/**
 * A rollback over SFTP that a dead process left: what it had found well stays, else the site gets back to what it was before, unless
 * another computer has seen to that. May be done again at any point.
 */
export async function recoverRollbackOverSftp(
  services: RollbackServices,
  site: Site,
  { run }: Orphan,
  plan: RunPlan,
  context: RunContext,
): Promise<RunResult> {
  const { privateFolder, runFolder } = plan;
  if (privateFolder === null || runFolder === null) return nothingOf(run.title);
  const hands = handsFor(services, site, context.signal).patient();
  const ledger = ledgerFrom(context, plan);
  const operations = operationsOverSftp(services, { site, hands, context, runId: run.id, ledger });
  const [part] = plan.parts;
  const { ours, report } = await operations.takeUp();
  const wasBrought = report?.brought === true;
  let broughtBack = wasBrought;
  try {
    if (ours && !wasBrought && part?.outcome === 'waiting') {
      await context.step('take back', { title: 'Bring the site back as it was' }, async () => {
        await operations.undo(part);
        await context.undone(['undo']);
        await ledger.setPart(0, { outcome: 'undone' });
      });
      broughtBack = true;
      await settleBroughtBack(operations, context);
    }
  } finally {
    operations.end();
    await operations.withdraw();
  }
  await context.step('settle', { title: 'Tidy up' }, async () => {
    if (operations.mayBeClosed) await operations.open();
    await operations.leave([runFolder]);
  });
  await services.afterRun(site);
  if (broughtBack)
    return {
      state: 'rolled-back',
      summary: `Groundskeeper ended during “${run.title}”; ${wasBrought ? 'another computer has brought the site back since' : 'the site was brought back'} to what it was.`,
    };
  if (part?.outcome === 'kept')
    return { state: 'done', summary: `“${run.title}” was done when Groundskeeper ended; it was tidied up.` };
  return nothingOf(run.title);
}

function nothingOf(title: string): RunResult {
  return {
    state: 'cancelled',
    summary: `Groundskeeper ended during “${title}”, before anything on the site was changed.`,
  };
}
