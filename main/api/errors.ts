import { ORPCError, mapEventIterator } from '@orpc/client';
import { ValidationError } from '@orpc/contract';
import { Problem, type ProblemShape, asProblem } from '../words/index.ts';

/**
 * Lets every failure of a procedure or of an event stream cross to a window as a problem in words:
 * an `ORPCError` whose `data` is a {@link ProblemShape}. Goes into a handler's `clientInterceptors`.
 */
export async function answerInProblems(procedure: { next: () => Promise<unknown> }): Promise<unknown> {
  try {
    const output = await procedure.next();
    if (!isAsyncIterator(output)) return output;
    return mapEventIterator(output, {
      value: async (event) => event,
      error: async (thrown) => problemError(thrown),
    });
  } catch (thrown) {
    throw problemError(thrown);
  }
}

function problemError(thrown: unknown): ORPCError<string, ProblemShape> {
  const problem = refusedInput(thrown) ?? asProblem(thrown);
  const status = problem.code === 'defect' ? 500 : problem.code === 'cancelled' ? 499 : 422;
  return new ORPCError('PROBLEM', {
    status,
    message: problem.message,
    data: problem.toJSON(),
    cause: thrown,
  });
}

/** What the contract's schemas refused, named field by field; null when it was something else. */
function refusedInput(thrown: unknown): Problem | null {
  if (!(thrown instanceof ORPCError) || thrown.code !== 'BAD_REQUEST') return null;
  const { cause } = thrown;
  const issues = cause instanceof ValidationError ? cause.issues : [];
  const words = issues.map(({ path = [], message }) => {
    const field = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return field === '' ? message : `${field}: ${message}`;
  });
  return new Problem({
    code: 'invalid-input',
    message: words[0] ?? 'Something in this form cannot be used.',
    answered: words.join('\n'),
    todo: 'Correct the field and try again.',
  });
}

function isAsyncIterator(value: unknown): value is AsyncIterator<unknown, unknown, void> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value;
}
