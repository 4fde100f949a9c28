import type { RunContext, RunResult } from '../runs/index.ts';
import { asProblem } from '../words/index.ts';

/** What holding a site for a rollback or restore comes down to. */
export interface Hold {
  /** Takes the site, and says from then on that the run lives. */
  take(): Promise<void>;
  /** What else is needed before the work, now that the site is held. */
  begin(): Promise<void>;
  /** What was done stays. */
  keep(): Promise<void>;
  /** Brings the site back as it was, as far as something was begun. */
  takeBack(): Promise<void>;
  /** Set where the site could not be brought into order: it is kept closed and held, and recovered as after a crash. */
  readonly unsettled: boolean;
  /** Ends what is renewed for the work. */
  workEnded(): void;
  /** Removes what may not stay however the run ended. */
  withdraw(): Promise<void>;
  /** Nothing says any more that the run lives. May be called again. */
  end(): void;
  /** Visitors are let in, and the site is let go of. */
  settle(): Promise<void>;
}

/**
 * Does a rollback's or restore's work while holding the site; afterwards visitors are let in and the site is
 * let go of, however the work ended. Where that cannot be done now, the run ends as `interrupted`.
 */
export async function whileHeld(
  hold: Hold,
  context: RunContext,
  work: () => Promise<RunResult>,
): Promise<RunResult> {
  await hold.take();
  const working = async () => {
    await hold.begin();
    const result = await work();
    await hold.keep();
    return result;
  };
  const ended = await working().then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  hold.workEnded();
  if (hold.unsettled) {
    hold.end();
    if ('error' in ended) throw ended.error;
    return ended.result;
  }
  try {
    if ('error' in ended) await hold.takeBack();
    await hold.withdraw();
    await context.step('settle', { title: 'Tidy up' }, async () => {
      hold.end();
      await hold.settle();
    });
  } catch (error) {
    hold.end();
    const problem = asProblem(error);
    context.log('error', `${problem.message} ${problem.answered}`);
    return {
      state: 'interrupted',
      summary: `${problem.message} The site could not be tidied up; “Recover” does that as soon as it can be reached.`,
      problem,
    };
  }
  if ('error' in ended) throw ended.error;
  return ended.result;
}
