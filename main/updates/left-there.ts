import { Problem, RunId, type RemotePath } from '../words/index.ts';
import { heldProblem, mayLive, type SignOfLife } from './foreign-run.ts';
import type { JournaledPart } from './run-plan.ts';

/** What a run of another computer was about, as far as it says so on the site. */
export type AboutPart = Pick<JournaledPart, 'name' | 'from' | 'to'>;

/** What a run that was cut off left on a site. */
export interface LeftThere {
  readonly privateFolder: RemotePath;
  readonly runId: RunId;
  readonly parts: readonly AboutPart[];
  /** Brings the site back with it, and lets go of the site. @returns what was brought back. null: nothing can have been changed */
  readonly undo: (() => Promise<AboutPart | null>) | null;
  /** Lets go of the site, where nothing was changed. */
  letGo(): Promise<void>;
}

/**
 * The run that holds a site, if it does not live any more.
 * @throws Problem `nothing-cut-off`, `site-busy`
 */
export function deadOwner(siteName: string, owner: string, alive: SignOfLife | null): RunId {
  const { data: runId } = RunId.safeParse(owner);
  if (runId === undefined)
    throw new Problem({
      code: 'nothing-cut-off',
      message: `No run was cut off on ${siteName}.`,
      answered: owner,
    });
  if (mayLive(alive)) throw heldProblem(owner, alive);
  return runId;
}
