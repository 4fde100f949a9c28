import { Problem } from '../words/index.ts';

/** What is said where the platform's own upgrade of its database did not say at its end that it is done. */
export function migrationSilent(output: Buffer): Problem {
  return new Problem({
    code: 'migration-silent',
    message: 'The database upgrade ended without saying that it is done.',
    answered: output.toString('utf8').slice(0, 500),
    todo: 'The update is taken back.',
  });
}
