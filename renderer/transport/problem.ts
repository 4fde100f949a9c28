import { ORPCError } from '@orpc/client';
import type { ProblemShape } from '../../main/api/index.ts';

/** Anything thrown as a problem in words. */
export function problemOf(thrown: unknown): ProblemShape {
  if (thrown instanceof ORPCError && isProblem(thrown.data)) return thrown.data;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'defect', message, attempted: '', answered: '', todo: '' };
}

/** Whether something was thrown because it was called off, which nobody needs to be told. */
export function isCalledOff(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === 'AbortError';
}

function isProblem(data: unknown): data is ProblemShape {
  return typeof data === 'object' && data !== null && 'code' in data && 'message' in data && 'todo' in data;
}
