import { asProblem, joinRemote, type ProblemShape, type RemotePath } from '../../words/index.ts';
import type { Hands } from '../hands.ts';
import { look, type Look } from '../look.ts';
import { obstaclesSeen, oddities } from '../obstacles.ts';
import type { UpdateScripts } from '../remote.ts';
import { updaterAtWork } from '../updater-locks.ts';
import type { Chosen } from './chosen.ts';
import { folderOf, type SiteFiles } from './components.ts';

/** Files that are asked about one by one; of more, the rest is found out when it is done, and taken back. */
const MOST_TARGETS = 1000;

interface Question {
  readonly privateFolder: RemotePath;
  readonly chosen: Chosen;
  readonly files: SiteFiles;
  /** Bytes that are written. */
  readonly bytes: number;
  /** Our own run's lock is no obstacle. */
  readonly runId: string | null;
}

/** What stands in the way of a repair, and what is worth knowing. Writes nothing. */
export async function inTheWay(
  services: { readonly scripts: UpdateScripts },
  hands: Hands,
  question: Question,
): Promise<{ blockers: ProblemShape[]; warnings: string[] }> {
  const { site, signal } = hands;
  const { bytes, chosen, runId } = question;
  const seen = await lookAround(services.scripts, hands, question);
  const found = obstaclesSeen(seen, { site, runId }, { bytes, files: chosen.size, dump: 0 });
  // What an updater left when it was cut off is a reason for a repair, and none against it; one that is at work has its lock.
  const isLeft = ({ code }: ProblemShape) => code === 'foreign-maintenance';
  const warnings = found.filter(isLeft).map(({ message, todo }) => `${message} ${todo}`);
  const blockers = found.filter((problem) => !isLeft(problem));
  const busy = await updaterAtWork(hands).catch((error: unknown) => {
    signal.throwIfAborted();
    warnings.push(`Whether WordPress is updating itself could not be asked: ${asProblem(error).message}`);
    return null;
  });
  if (busy !== null) blockers.push(busy.toJSON());
  return { blockers, warnings: [...warnings, ...oddities(seen)] };
}

async function lookAround(
  scripts: UpdateScripts,
  hands: Hands,
  { privateFolder, chosen, files: { there, folders } }: Question,
): Promise<Look> {
  const { signal } = hands;
  const { root } = hands.site;
  const at = (path: string) => (path === '' ? root : joinRemote(root, path));
  const nearest = (path: string) => {
    let above = folderOf(path);
    while (!folders.has(above)) above = folderOf(above);
    return above;
  };
  const paths = [...chosen.keys()];
  const targets = paths
    .filter((path) => there.get(path)?.kind === 'file')
    .slice(0, MOST_TARGETS)
    .map(at);
  const parents = [...new Set(paths.map(nearest))].map(at);
  const seen = await hands.on((connection) =>
    look(connection, scripts, { root, privateFolder, parents, targets }, signal),
  );
  // One of our own files that may not be written is replaced all the same: what counts is its folder.
  const ours = new Set<string>(targets.filter((path) => !seen.foreignOwner.includes(path)));
  return { ...seen, notWritable: seen.notWritable.filter((path) => !ours.has(path)) };
}
