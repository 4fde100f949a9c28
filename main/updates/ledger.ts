import type { RunContext } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import type { Choice } from './plan.ts';
import { planJson, type JournaledPart, type RunPlan } from './run-plan.ts';

/** What an update has done so far, journaled at every change before the run goes on. */
export interface Ledger {
  readonly plan: RunPlan;
  save(change: Partial<RunPlan>): Promise<void>;
  addPart(part: JournaledPart): Promise<void>;
  setPart(index: number, change: Partial<JournaledPart>): Promise<void>;
  /** The component as it stands now. */
  part(index: number): JournaledPart;
}

export function openLedger(context: RunContext, site: Site, choices: readonly Choice[]): Ledger {
  return ledgerFrom(context, {
    root: site.root,
    privateFolder: null,
    runFolder: null,
    backupId: null,
    php: 'php',
    choices: choices.map((choice) => ({ ...choice })),
    parts: [],
  });
}

/** Goes on where a journal's plan stands. */
export function ledgerFrom(context: RunContext, noted: RunPlan): Ledger {
  let plan = noted;
  const save = async (change: Partial<RunPlan>) => {
    plan = { ...plan, ...change };
    await context.setPlan(planJson(plan));
  };
  return {
    get plan() {
      return plan;
    },
    save,
    addPart: (part) => save({ parts: [...plan.parts, part] }),
    setPart: (index, change) =>
      save({ parts: plan.parts.map((part, at) => (at === index ? { ...part, ...change } : part)) }),
    part(index) {
      const part = plan.parts[index];
      if (part === undefined) throw new RangeError(`no component ${index} in this update`);
      return part;
    },
  };
}
