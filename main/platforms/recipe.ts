import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { Problem, wordsOf } from '../words/index.ts';

const FileName = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i, 'a file beside the recipe');
const RelativePath = z
  .string()
  .regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/, 'a path relative to the root, without ..');

/** One thing that can be done to a site: a script beside the recipe, run by sh or PHP in a process of its own. */
export const RecipeStep = z
  .strictObject({
    title: z.string().min(1),
    sh: FileName.optional(),
    php: FileName.optional(),
    /** Seconds. */
    timeLimit: z.number().positive().max(86_400),
  })
  .refine(
    (step) => (step.sh === undefined) !== (step.php === undefined),
    'either sh or php names the script',
  );
export type RecipeStep = z.infer<typeof RecipeStep>;

/** A platform in words; see docs/platforms.md. */
export const Recipe = z.strictObject({
  platform: z.string().regex(/^[a-z][a-z0-9-]*$/),
  name: z.string().min(1),
  /** A TypeScript module of ours, for what words are not enough for. */
  module: z.enum(['wordpress']).optional(),
  /** Whether it knows of components and updates; without, only backup and restore. */
  updates: z.boolean(),
  /** The order of its versions. */
  versions: z.enum(['php', 'none']),
  sources: z.array(z.enum(['wordpress.org'])),
  recognise: z.strictObject({ marker: RelativePath, files: z.array(RelativePath) }).nullable(),
  interpreter: z.enum(['php']).nullable(),
  backup: z.strictObject({ leaveOut: z.array(RelativePath) }),
  /** Tells how the site's database is reached, see recipe-database.ts; null: it has none that is backed up. */
  database: RecipeStep.nullable().default(null),
  /** When a backup of another site is restored into one: files that stay as that one has them, or does not. */
  elsewhere: z.strictObject({ stays: z.array(RelativePath) }).default({ stays: [] }),
  probe: z.strictObject({
    /** `{word}` is replaced by a word of chance that the page has to hold. */
    paths: z.array(z.string().startsWith('/')).min(1),
    /** Pages whose addresses differ from site to site: of each group the first place that names one. */
    find: z
      .array(
        z
          .array(z.strictObject({ in: z.string().startsWith('/'), key: z.string().regex(/^[\w:-]+$/) }))
          .min(1),
      )
      .default([]),
    /** A page that says one of these is broken, whatever its status. */
    faults: z.array(z.string().min(4)),
  }),
  steps: z.partialRecord(z.enum(['offline', 'listen', 'online', 'migrate', 'clear-caches']), RecipeStep),
});
export type Recipe = z.infer<typeof Recipe>;
export type RecipeStepName = keyof Recipe['steps'];

/** A recipe with the text of the scripts beside it. */
export interface LoadedRecipe extends Recipe {
  /** Text of a file beside the recipe. @throws Problem `recipe-invalid` when it is not there. */
  script(file: string): string;
}

/**
 * Reads the recipe of a folder (`platform.yaml` and its scripts).
 * @throws Problem `recipe-invalid` with the line of each mistake.
 */
export function loadRecipe(folder: string): LoadedRecipe {
  const file = join(folder, 'platform.yaml');
  const text = readFileSync(file, 'utf8');
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  const refuse = (mistakes: readonly string[]) =>
    new Problem({
      code: 'recipe-invalid',
      message: 'This platform recipe has mistakes.',
      attempted: `Read ${file}`,
      answered: mistakes.join('\n'),
      todo: 'Mend the lines named above; docs/platforms.md describes every key.',
    });
  if (document.errors.length > 0) throw refuse(document.errors.map((error) => error.message));
  const plain: unknown = document.toJS();
  const parsed = Recipe.safeParse(plain);
  if (!parsed.success) {
    throw refuse(
      parsed.error.issues.map((issue) => {
        const path = issue.path.map(String);
        let node: unknown = document.getIn(path, true);
        for (let up = path.length - 1; node === undefined && up > 0; up -= 1)
          node = document.getIn(path.slice(0, up), true);
        const range = z.object({ range: z.tuple([z.number(), z.number(), z.number()]) }).safeParse(node);
        const line = range.success ? counter.linePos(range.data.range[0]).line : 1;
        return `line ${line}: ${path.join('.') || 'the recipe'}: ${issue.message}`;
      }),
    );
  }
  const scripts = new Map<string, string>();
  const script = (name: string): string => {
    const known = scripts.get(name);
    if (known !== undefined) return known;
    try {
      const read = readFileSync(join(folder, FileName.parse(name)), 'utf8');
      scripts.set(name, read);
      return read;
    } catch (error) {
      throw refuse([`${name}: ${wordsOf(error)}`]);
    }
  };
  const { steps, database } = parsed.data;
  for (const step of [...Object.values(steps), ...(database === null ? [] : [database])])
    script(step.sh ?? step.php ?? '');
  return { ...parsed.data, script };
}

/** All recipes of some folders, by platform; a later folder wins, so that a user's own can stand in for ours. */
export function loadRecipes(folders: readonly string[]): Map<string, LoadedRecipe> {
  const recipes = new Map<string, LoadedRecipe>();
  for (const folder of folders) {
    for (const name of namesIn(folder)) {
      const recipe = loadRecipe(join(folder, name));
      recipes.set(recipe.platform, recipe);
    }
  }
  return recipes;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch {
    return [];
  }
}
