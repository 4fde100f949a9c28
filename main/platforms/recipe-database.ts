import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Connection } from '../connections/index.ts';
import { joinRemote, Problem, remotePath, wordsOf, type RemotePath } from '../words/index.ts';
import type { KnownDatabase, ReadOptions } from './platform.ts';
import type { LoadedRecipe } from './recipe.ts';
import { runStep } from './run-step.ts';

const Port = z.coerce.number().int().min(1).max(65_535).nullish();
const Login = { name: z.string().min(1), user: z.string(), password: z.string().default('') };

/** What a recipe's `database` script prints, as JSON; see docs/platforms.md. */
const Answer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.enum(['mysql', 'mariadb']),
    host: z.string().default('localhost'),
    port: Port,
    socket: z.string().nullish(),
    ...Login,
    prefix: z.string().default(''),
  }),
  z.strictObject({ kind: z.literal('postgresql'), host: z.string().default(''), port: Port, ...Login }),
  z.strictObject({ kind: z.literal('sqlite'), file: z.string().min(1) }),
  z.strictObject({ kind: z.literal('none') }),
]);

/**
 * Asks the script of a recipe how the site's database is reached; over SFTP alone none is.
 * @throws Problem `database-unknown` when its answer makes no sense; what the script itself failed with
 */
export async function readDatabase(
  connection: Connection,
  recipe: LoadedRecipe,
  { root, php: given, signal }: ReadOptions,
): Promise<KnownDatabase> {
  const php = given ?? 'php';
  const none = { access: null, kind: null, problem: null, php };
  if (recipe.database === null || connection.onlyFiles) return none;
  // What the site's own configuration prints comes before it.
  const marker = randomBytes(12).toString('hex');
  const output = await runStep(connection, recipe, recipe.database, {
    variables: { root, marker },
    arguments: [root, marker],
    php,
    signal,
  });
  const answer = answerOf(recipe, output.toString('utf8').split(marker).at(1), root);
  switch (answer.kind) {
    case 'none':
      return none;
    case 'sqlite':
      return { ...none, kind: 'sqlite', access: { kind: 'sqlite', file: answer.file } };
    case 'postgresql':
      return { ...none, kind: answer.kind, access: { ...answer, port: answer.port ?? null } };
    case 'mysql':
    case 'mariadb':
      return {
        ...none,
        kind: answer.kind,
        access: { ...answer, kind: 'mysql', port: answer.port ?? null, socket: answer.socket ?? null },
      };
  }
}

type Said =
  | Exclude<z.infer<typeof Answer>, { kind: 'sqlite' }>
  | { readonly kind: 'sqlite'; readonly file: RemotePath };

function answerOf(recipe: LoadedRecipe, text: string | undefined, root: RemotePath): Said {
  const refuse = (answered: string) =>
    new Problem({
      code: 'database-unknown',
      message: `The recipe of ${recipe.name} does not tell how the database is reached.`,
      attempted: recipe.database?.title ?? '',
      answered,
      todo: 'Mend its database script; docs/platforms.md says what it prints.',
    });
  if (text === undefined) throw refuse('The marker did not come.');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refuse(`Not JSON: ${wordsOf(error)}`);
  }
  const answer = Answer.safeParse(json);
  if (!answer.success)
    throw refuse(answer.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  if (answer.data.kind !== 'sqlite') return answer.data;
  const { file } = answer.data;
  return { kind: 'sqlite', file: file.startsWith('/') ? remotePath(file) : joinRemote(root, file) };
}
