import { z } from 'zod';
import type { Reading } from '../../platforms/index.ts';
import type { Orphan, RunContext } from '../../runs/index.ts';
import type { Hands } from '../hands.ts';
import { readByPhp } from './by-php.ts';
import { withFiles } from './over-sftp.ts';
import { removeRunners, runnerFor, type Runner } from './runner.ts';
import { countNameOf, type RunnerParts } from './runner-file.ts';

export const RUNNER_STEP = { name: 'runner', title: 'Ask the site’s own PHP' };

const Noted = z.object({ runners: z.array(z.string()) });

/**
 * Works with a runner of its own, which is gone afterwards however that ends: its names are noted as the undo of a step, before it is placed.
 * @throws Problem, also where the runner cannot be removed
 */
export async function withRunner<T>(
  parts: RunnerParts,
  hands: Hands,
  context: RunContext,
  work: (runner: Runner, reading: Reading) => Promise<T>,
): Promise<T> {
  const noted: string[] = [];
  let note: (name: string) => Promise<void> = async (name) => void noted.push(name);
  const runner = runnerFor(hands, { parts, note: (name) => note(name) });
  try {
    const reading = await context.step(
      RUNNER_STEP.name,
      { title: RUNNER_STEP.title, undo: { runners: [] } },
      async (step) => {
        note = async (name) => {
          noted.push(name);
          await step.setUndo({ runners: [...noted] });
        };
        await runner.hello(context.signal);
        const found = await readByPhp(hands, runner);
        step.detail(`PHP ${found.inventory.php ?? '?'}; our file in the web root goes at the end.`);
        return found;
      },
    );
    return await work(runner, reading);
  } finally {
    await runner.remove(hands.patient());
  }
}

/** Removes what a run that died had placed, by its steps. @returns whether there was anything */
export async function removeNoted(hands: Hands, orphan: Orphan): Promise<boolean> {
  const names = orphan.steps.flatMap(({ name, undo }) => {
    const { data } = Noted.safeParse(undo);
    return name === RUNNER_STEP.name && data !== undefined ? data.runners : [];
  });
  if (names.length === 0) return false;
  const all = names.flatMap((name) => [name, countNameOf(name)]);
  await withFiles(hands, (files) => removeRunners(files, hands.site.root, all));
  return true;
}
