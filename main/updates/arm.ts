import type { RunContext } from '../runs/index.ts';
import { asProblem } from '../words/index.ts';
import type { Hands } from './hands.ts';
import { needsConsent } from './outlive.ts';
import { armWatchdog, disarmWatchdog, layUndo, type Watchdog, type WatchdogOptions } from './watchdog.ts';

/**
 * 6: whatever happens from here on, the site gets back by itself. Where no watchdog can run, only a computer brings it back: a database
 * is changed then only if the user agreed.
 * @param migrating names of what changes the database and was not agreed to
 * @param noted heard within the step: its end may not be written any more
 */
export async function armOrAsk(
  hands: Hands,
  options: WatchdogOptions,
  context: RunContext,
  migrating: readonly string[],
  noted: (watchdog: Watchdog) => void,
): Promise<void> {
  await context.step('watchdog', { title: 'Leave a watchdog on the server' }, async (step) => {
    try {
      const watchdog = await armWatchdog(hands, options);
      noted(watchdog);
      step.detail(
        watchdog.armed?.reboot === 'cron'
          ? `It brings the site back after ${options.lease} s of silence, also when the server was restarted.`
          : `It brings the site back after ${options.lease} s of silence, unless the server is restarted.`,
      );
    } catch (error) {
      context.signal.throwIfAborted();
      const problem = asProblem(error);
      if (problem.code === 'connection-lost') throw error;
      // It may have begun all the same, and nobody would tell it that the run lives.
      await disarmWatchdog(hands.patient(), options.lock);
      if (migrating.length > 0) throw needsConsent(migrating, problem.message);
      context.log('warning', `${problem.message} ${problem.answered}`.trim());
      step.end('failed');
      step.detail('No watchdog: only a computer can bring the site back. How lies on the server.');
      noted(await layUndo(hands, options));
    }
  });
}
