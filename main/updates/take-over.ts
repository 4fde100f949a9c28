import type { RunContext, RunResult } from '../runs/index.ts';
import type { Site } from '../sites/index.ts';
import { Problem } from '../words/index.ts';
import { leftOverSftp } from './files-only/left-there.ts';
import { handsFor } from './hands.ts';
import { leftByShell } from './left-by-shell.ts';
import type { LeftThere } from './left-there.ts';
import type { RollbackServices } from './services.ts';

export const TAKE_OVER_STEPS = [
  { name: 'preflight', title: 'Look what was left on the server' },
  { name: 'undo', title: 'Bring the site back' },
];

/**
 * Brings a site back from a run that was cut off and of which nothing is known here, because it ran on another computer: with nothing
 * but what that run left on the site. What a watchdog would do is done over the connection.
 * @param mayBeNone whether it is well where no run was cut off
 * @throws Problem `nothing-cut-off`, `site-busy` where that run gives signs of life
 */
export async function takeOver(
  services: RollbackServices,
  given: Site,
  context: RunContext,
  { mayBeNone = false }: { readonly mayBeNone?: boolean } = {},
): Promise<RunResult> {
  const hands = handsFor(services, given, context.signal).patient();
  const find = given.connection.kind === 'sftp' ? leftOverSftp : leftByShell;
  const { site, left } = await context.step(
    'preflight',
    { title: 'Look what was left on the server' },
    async (step) => {
      const found = await find(services, hands, context).catch((error: unknown) => {
        if (mayBeNone && error instanceof Problem && error.code === 'nothing-cut-off') return null;
        throw error;
      });
      step.detail(found === null ? 'No run was cut off.' : wordsOfLeft(found));
      const site = found === null ? given : services.setPrivateFolder(given.id, found.privateFolder);
      return { site, left: found };
    },
  );
  if (left === null) return { state: 'done', summary: `No run was cut off on ${site.name}.` };
  const part = await context.step('undo', { title: 'Bring the site back' }, async (step) => {
    if (left.undo === null) {
      await left.letGo();
      step.detail('Let go of.');
      return null;
    }
    const brought = await left.undo();
    step.detail('The server did what the run had left there for this.');
    return brought;
  });
  await services.afterRun(site);
  if (part === null)
    return {
      state: 'done',
      summary:
        'A run of another computer had been cut off before anything was swapped, or after all was well; the site is free again.',
    };
  return {
    state: 'rolled-back',
    summary: `A run of another computer had been cut off; the site was brought back with what it had left there: ${part.name} ${part.to} → ${part.from}.`,
  };
}

function wordsOfLeft({ runId, undo, parts }: LeftThere): string {
  if (undo === null) return `Run ${runId}, cut off before anything was changed.`;
  const names = parts.map(({ name, from, to }) => `${name} ${from} → ${to}`).join(', ');
  return `Run ${runId}${names === '' ? '' : `: ${names}`}.`;
}
