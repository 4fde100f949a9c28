import type { Orphan, RunContext } from '../runs/index.ts';
import type { SiteId } from '../words/index.ts';
import type { Hands } from './hands.ts';
import type { KeptRecord } from './kept.ts';
import { ledgerFrom } from './ledger.ts';
import { operationsFor } from './means.ts';
import { RunPlan } from './run-plan.ts';
import type { RollbackServices } from './services.ts';

/** An update that was cut off and cannot be recovered, as something to be taken back; null: it is none, or had not come so far. */
export function recordOfCutOff({ run, plan }: Orphan, siteId: SiteId): KeptRecord | null {
  const { data } = RunPlan.safeParse(plan);
  if (data === undefined || run.siteId !== siteId || run.kind !== 'update') return null;
  const { privateFolder, runFolder, backupId, parts } = data;
  const swapped = parts.filter(({ outcome }) => outcome !== 'undone');
  if (privateFolder === null || runFolder === null || backupId === null || swapped.length === 0) return null;
  return {
    ...{ runId: run.id, siteId, createdAt: run.createdAt, expiresAt: 0 },
    tree: { runFolder, privateFolder, backupId, parts: swapped },
  };
}

/** Takes the site from a run that was cut off and cannot be recovered: its watchdog and its commands are ended, nothing else is done. */
export async function takeFromCutOff(
  services: RollbackServices,
  hands: Hands,
  { run, plan }: Orphan,
  context: RunContext,
): Promise<void> {
  const ledger = ledgerFrom(context, RunPlan.parse(plan));
  const { site } = hands;
  await context.step('take', { title: 'Take the site from the run that was cut off' }, async () => {
    const operations = operationsFor(services, { site, hands, context, runId: run.id, ledger });
    const { ours } = await operations.takeUp();
    operations.end();
    await operations.withdraw();
    if (ours) await operations.leave([]);
  });
}
