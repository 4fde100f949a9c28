import type { PrepareOptions } from '../part.ts';
import type { Looked, Planning } from '../operations.ts';
import type { Hands } from '../hands.ts';
import { joinRemote } from '../../words/index.ts';
import { asProblem, Problem } from '../../words/index.ts';
import { prepare } from '../prepare.ts';
import { knownOf } from '../prepare-options.ts';
import type { UpdateServices } from '../services.ts';
import type { Site } from '../../sites/index.ts';
import { lookOverSftp } from './look.ts';
import { withFiles } from './over-sftp.ts';
import { privateFoldersOf } from './private-folder.ts';
import { refuseInsecure } from './stays.ts';

/** Planning over files alone: no watchdog runs there, so only this computer brings the site back. */
export function planningOverSftp(services: UpdateServices, hands: Hands): Planning {
  return { look: (wish) => look(services, hands, wish), undoesByItself: async () => false };
}

async function look(
  services: UpdateServices,
  hands: Hands,
  wish: Pick<PrepareOptions, 'choices' | 'runId' | 'progress'>,
): Promise<Looked> {
  const { site } = hands;
  const known = await knownOf(services, hands, wish);
  const places = await withFiles(hands, (files) => privateFoldersOf(files, site));
  const space = { known: true };
  const prepared = await hands.on((connection) =>
    prepare(connection, services, {
      ...known,
      // Which of them it is, is found out by trying, when the update begins.
      privateFolder: places[0] ?? joinRemote(site.root, '.groundskeeper'),
      dumpBytes: async () => 0,
      look: async (targets) => {
        const seen = await lookOverSftp(await connection.files(), site, targets);
        space.known = seen.freeKib !== null;
        return seen;
      },
    }),
  );
  const { blockers, warnings } = prepared.plan;
  try {
    refuseInsecure(new URL(site.url));
  } catch (error) {
    blockers.push(asProblem(error).toJSON());
  }
  if (places.length === 0) blockers.push(noPlace(site).toJSON());
  if (!space.known) warnings.push('The server does not say over SFTP how much space is free.');
  warnings.push(
    'Over SFTP: while it is updated, a small file of ours lies in the web root under a name that nobody can guess, answers only to this run, and is removed at the end. What the site’s PHP and database are is asked then, before anything is changed.',
  );
  return { ...prepared, place: null };
}

function noPlace(site: Site): Problem {
  return new Problem({
    code: 'no-private-folder',
    message: 'There is no place outside the web root where the new version could be laid ready.',
    attempted: `Look for a folder outside of ${site.root}`,
    todo: 'Ask the host for access to the folder above the web root.',
  });
}
