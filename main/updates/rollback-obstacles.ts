import { compareVersions } from '../policies/index.ts';
import type { Reading } from '../platforms/index.ts';
import { asProblem, parentOf, Problem, type ProblemShape } from '../words/index.ts';
import { lookOverSftp } from './files-only/look.ts';
import type { Hands } from './hands.ts';
import type { KeptRecord } from './kept.ts';
import { look } from './look.ts';
import { obstaclesSeen } from './obstacles.ts';
import type { RollbackObstacle } from './plan.ts';
import type { JournaledPart } from './run-plan.ts';
import type { UpdateServices } from './services.ts';

/** What a person may judge who is told of it. The rest is never forced: it would fail, or harm somebody else's work. */
const CAN_BE_FORCED: ReadonlySet<string> = new Set([
  'version-control',
  'deployed',
  'deploy-at-work',
  'foreign-maintenance',
  'site-locked',
]);

/** What a rollback needs of the site. */
interface RollbackNeeds {
  /** Our own run's lock is no obstacle. */
  readonly runId: string | null;
  /** Bytes that are written there: none, where the old version lies there already. The site is looked at meanwhile. */
  readonly bytes: number | Promise<number>;
  readonly database: 'keep' | 'restore';
}

/** What stands in the way of taking an update back, and whether a person may say that it is done all the same. Reads only. */
export async function obstaclesToRollback(
  { scripts }: Pick<UpdateServices, 'scripts'>,
  hands: Hands,
  { tree }: Pick<KeptRecord, 'tree'>,
  parts: readonly JournaledPart[],
  { runId, bytes, database }: RollbackNeeds,
): Promise<RollbackObstacle[]> {
  const { site, signal } = hands;
  const reading = await hands.reading().catch(() => {
    signal.throwIfAborted();
    return null;
  });
  const found: RollbackObstacle[] = [];
  for (const part of parts) {
    const moved = reading === null ? null : movedSince(part, reading);
    if (moved !== null) found.push(moved);
  }
  const unread = await hands.knownDatabase().then(
    ({ problem }) => problem,
    (error: unknown) => {
      signal.throwIfAborted();
      return asProblem(error).message;
    },
  );
  if (unread !== null) found.push({ problem: filesAlone(unread).toJSON(), canBeForced: database === 'keep' });
  const places = parts.flatMap(({ items }) => items.map(({ live }) => live));
  const parents = [...new Set(places.map(parentOf))];
  const question = { root: site.root, privateFolder: tree.privateFolder, parents, targets: places };
  const seen = await hands.on(async (connection) =>
    connection.onlyFiles
      ? lookOverSftp(await connection.files(), site, places)
      : look(connection, scripts, question, signal),
  );
  // Whole trees change places: what counts is the folder that they lie in.
  const inParents = new Set<string>(parents);
  const relevant = {
    ...seen,
    unreadable: [],
    notWritable: seen.notWritable.filter((path) => inParents.has(path)),
  };
  const problems = obstaclesSeen(relevant, { site, runId }, { bytes: await bytes, files: 0, dump: 0 });
  return [
    ...found,
    ...problems.map((problem) => ({ problem, canBeForced: CAN_BE_FORCED.has(problem.code) })),
  ];
}

/** What became of a component since an update: taking that back would do something else than what it says. */
function movedSince(
  { kind, slug, name, from, to }: JournaledPart,
  { inventory }: Reading,
): RollbackObstacle | null {
  const now = inventory.components.find((one) => one.kind === kind && one.slug === slug)?.version;
  if (now === to) return null;
  const raises = now !== undefined && now !== '' && from !== '' && compareVersions(now, from) < 0;
  const problem = new Problem({
    code: raises ? 'would-raise' : 'changed-since',
    message: raises
      ? `${name} is at ${now} now, so ${from} would be an update and no rollback.`
      : now === undefined
        ? `${name} is not on the site any more since it was updated to ${to}.`
        : `${name} is at ${now || 'an unknown version'} now, not at ${to} as that update left it: somebody has changed it since.`,
    attempted: 'Compare what is installed with what the update installed',
    todo: raises
      ? 'Update it instead, or restore a backup.'
      : `To bring it to ${from} all the same, force it: what is there now is backed up before.`,
  });
  return { problem: problem.toJSON(), canBeForced: !raises };
}

function filesAlone(answered: string): Problem {
  return new Problem({
    code: 'database-refused',
    message: 'The site’s database cannot be read, so the site as it is cannot be backed up whole before.',
    attempted: 'Ask the site for its database',
    answered,
    todo: 'Mend the access in its configuration; or force it, with the database kept as it is: then the files alone are backed up.',
  });
}

/** Refuses what stands in the way, unless a person has said that it is done all the same. */
export function refuseObstacles(obstacles: readonly RollbackObstacle[], force: boolean): ProblemShape[] {
  const [first] = obstacles.filter(({ canBeForced }) => !force || !canBeForced);
  if (first === undefined) return obstacles.map(({ problem }) => problem);
  throw new Problem(first.problem);
}
