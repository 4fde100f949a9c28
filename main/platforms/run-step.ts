import {
  lines,
  programOnStdin,
  runOk,
  scriptFile,
  sh,
  type Connection,
  type Script,
} from '../connections/index.ts';
import type { LoadedRecipe, RecipeStep, RecipeStepName } from './recipe.ts';

/** Variables a step's script reads (sh) or is given as arguments, in order (PHP). */
export interface StepInput {
  readonly variables?: Readonly<Record<string, string | number>>;
  readonly arguments?: readonly string[];
  readonly php: string;
  readonly signal: AbortSignal;
  /** Put before the script, e.g. the fence of an update. */
  readonly before?: Script | undefined;
}

/**
 * Runs one step of a recipe on the site, in a process of its own.
 * @returns its output; null when the recipe has no such step.
 */
export async function runRecipeStep(
  connection: Connection,
  recipe: LoadedRecipe,
  name: RecipeStepName,
  input: StepInput,
): Promise<Buffer | null> {
  const step = recipe.steps[name];
  return step === undefined ? null : runStep(connection, recipe, step, input);
}

/** A step as a script that may lie on the server and be run there later; null: the recipe has no such step for sh. */
export function stepScript(
  recipe: LoadedRecipe,
  name: RecipeStepName,
  variables: Readonly<Record<string, string | number>>,
): Script | null {
  const file = recipe.steps[name]?.sh;
  return file === undefined ? null : scriptFile(recipe.script(file), variables);
}

/** Runs a script of a recipe on the site, in a process of its own. @returns its output */
export async function runStep(
  connection: Connection,
  recipe: LoadedRecipe,
  step: RecipeStep,
  input: StepInput,
): Promise<Buffer> {
  const before = input.before ?? sh``;
  const options = { attempted: step.title, signal: input.signal, timeLimit: step.timeLimit * 1000 };
  if (step.sh !== undefined)
    return runOk(
      connection,
      lines(before, scriptFile(recipe.script(step.sh), input.variables ?? {})),
      options,
    );
  const { read, stdin } = programOnStdin(recipe.script(step.php ?? ''));
  const script = lines(
    before,
    read,
    sh`exec ${input.php} -d display_errors=stderr -r "$code" -- ${input.arguments ?? []}`,
  );
  return runOk(connection, script, { ...options, stdin });
}
