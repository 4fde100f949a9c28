import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import type { Package } from '../../releases/index.ts';
import { encodeName, type Problem } from '../../words/index.ts';
import { MOST_SAID, type Linter, type ToLint, type Unreadable } from '../lint.ts';
import { isProblem } from './over-sftp.ts';
import type { Hello, Runner } from './runner.ts';

/** Bytes of code that are read in one request, and the seconds that one may take. */
const PART = 1024 * 1024;
const SECONDS = 15;

/** How many of the files were read, and those that could not be, by their numbers. */
const Answer = z
  .object({
    read: z.number().int().positive(),
    found: z.array(
      z.object({
        file: z.number().int().nonnegative(),
        kind: z.enum(['worse', 'new', 'before']),
        said: z.base64().transform((text) => Buffer.from(text, 'base64').toString('utf8')),
        line: z.number().int(),
      }),
    ),
  })
  .nullable();

interface Code {
  readonly path: string;
  /** Relative to the root: what it takes the place of. */
  readonly live: string;
  readonly content: Buffer;
}

/**
 * The PHP that serves the site, asked by the runner. The code travels with the question, in parts: the private folder, where it is laid
 * ready, is often closed to the web's PHP. That parses it (PHP 7.0 and newer) and runs nothing of it.
 */
export function linterByPhp(
  runner: Runner,
  from: Pick<Package, 'read'>,
  { root, signal }: { readonly root: string; readonly signal: AbortSignal },
): Linter {
  return {
    attempted: 'Have the site’s own PHP read the new files',
    async read({ tree, live, names }) {
      const hello = await runner.hello(signal);
      const found: Unreadable[] = [];
      for await (const part of inParts(from, { tree, live, names }, root, mostAtOnce(hello))) {
        const unreadable = await readPart(runner, part, hello, signal);
        if (unreadable === null) return null;
        found.push(...unreadable);
      }
      return found;
    },
  };
}

/** In base64, twice: as JSON, and that once more. */
function mostAtOnce({ post }: Hello): number {
  return post > 0 ? Math.min(PART, Math.floor(post * 0.5)) : PART;
}

async function* inParts(
  from: Pick<Package, 'read'>,
  { tree, live, names }: Omit<ToLint, 'staged'>,
  root: string,
  most: number,
): AsyncGenerator<Code[], void, void> {
  let part: Code[] = [];
  let size = 0;
  for (const path of names) {
    const content = await from.read(tree.inPackage === '' ? path : `${tree.inPackage}/${path}`);
    if (part.length > 0 && size + content.length > most) {
      yield part;
      part = [];
      size = 0;
    }
    part.push({ path, live: `${live.slice(root.length + 1)}/${path}`, content });
    size += content.length;
  }
  if (part.length > 0) yield part;
}

/** Has PHP read files, going on where its time was over. What makes an end of PHP itself is found by halves. */
async function readPart(
  runner: Runner,
  part: readonly Code[],
  hello: Hello,
  signal: AbortSignal,
): Promise<Unreadable[] | null> {
  const [first] = part;
  if (first === undefined) return [];
  let answer: z.infer<typeof Answer>;
  try {
    answer = await ask(runner, part, hello, signal);
  } catch (error) {
    if (!isProblem(error, 'runner-failed')) throw error;
    if (part.length === 1) return [{ kind: 'new', path: first.path, said: saidIn(error) }];
    const middle = Math.ceil(part.length / 2);
    const one = await readPart(runner, part.slice(0, middle), hello, signal);
    const other = await readPart(runner, part.slice(middle), hello, signal);
    return one === null || other === null ? null : [...one, ...other];
  }
  if (answer === null) return null;
  const found = answer.found.flatMap(({ file, kind, said, line }): Unreadable[] => {
    const path = part[file]?.path;
    return path === undefined
      ? []
      : [{ kind, path, said: `PHP Parse error: ${said} in ${path} on line ${line}`.slice(0, MOST_SAID) }];
  });
  const rest = await readPart(runner, part.slice(answer.read), hello, signal);
  return rest === null ? null : [...found, ...rest];
}

async function ask(
  runner: Runner,
  part: readonly Code[],
  { unpacks }: Hello,
  signal: AbortSignal,
): Promise<z.infer<typeof Answer>> {
  const code = Buffer.concat(part.map(({ content }) => content));
  const question = {
    files: part.map(({ live, content }) => ({
      live: encodeName(live).toString('base64'),
      size: content.length,
    })),
    code: (unpacks ? await promisify(gzip)(code) : code).toString('base64'),
    packed: unpacks,
    sha256: createHash('sha256').update(code).digest('hex'),
    seconds: SECONDS,
  };
  return (await runner.ask(Answer, { verb: 'lint', question, signal })).answer;
}

function saidIn({ answered, message }: Problem): string {
  return (answered === '' ? message : answered).slice(0, MOST_SAID);
}
