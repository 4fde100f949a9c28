import { z } from 'zod';

/** What crosses every boundary (IPC, journal, --json) when something went wrong. */
export const ProblemShape = z.object({
  /** Stable and machine-readable, e.g. `host-key-changed`. */
  code: z.string(),
  /** One sentence a person can read. */
  message: z.string(),
  /** What was attempted, e.g. `Connect to deploy@example.org:22`. */
  attempted: z.string(),
  /** What answered, in its own words, shortened. */
  answered: z.string(),
  /** What the user can do about it. */
  todo: z.string(),
});
export type ProblemShape = z.infer<typeof ProblemShape>;

/**
 * The one family of errors: what was attempted, what answered, what the user can do.
 * Anything else that is thrown is a defect of ours, and is shown as such.
 */
export class Problem extends Error implements ProblemShape {
  readonly code: string;
  readonly attempted: string;
  readonly answered: string;
  readonly todo: string;

  constructor(shape: Partial<ProblemShape> & Pick<ProblemShape, 'code' | 'message'>, cause?: unknown) {
    super(shape.message, cause === undefined ? undefined : { cause });
    this.name = 'Problem';
    this.code = shape.code;
    this.attempted = shape.attempted ?? '';
    this.answered = shorten(shape.answered ?? '', 2000);
    this.todo = shape.todo ?? '';
  }

  toJSON(): ProblemShape {
    return {
      code: this.code,
      message: this.message,
      attempted: this.attempted,
      answered: this.answered,
      todo: this.todo,
    };
  }
}

/** Any thrown value as a problem; what is not one already becomes `defect` with its message kept. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (isAbort(thrown)) return new Problem({ code: 'cancelled', message: 'Cancelled.' }, thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Problem(
    {
      code: 'defect',
      message: `Something went wrong inside Groundskeeper: ${message}`,
      answered: thrown instanceof Error ? (thrown.stack ?? '') : '',
      todo: 'This is a defect of ours. The log in the data folder has the details.',
    },
    thrown,
  );
}

/** Whether a thrown value is the abort of an AbortSignal (a cancel, not a failure). */
export function isAbort(thrown: unknown): boolean {
  if (thrown instanceof Problem) return thrown.code === 'cancelled';
  return thrown instanceof Error && (thrown.name === 'AbortError' || thrown.name === 'CancelledError');
}

/** The message of anything thrown, for an `answered`. */
export function wordsOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** At most `limit` characters, the middle left out where it is longer. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const half = Math.floor((limit - 3) / 2);
  return `${text.slice(0, half)} … ${text.slice(-half)}`;
}
