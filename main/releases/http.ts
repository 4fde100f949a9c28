import { Problem, shorten, wordsOf } from '../words/index.ts';

/** Who we are, as sources ask their clients to say. */
export const USER_AGENT = 'Groundskeeper/0.1 (site maintenance; +https://groundskeeper.example)';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const MAX_TEXT = 64 * 1024 * 1024;

/**
 * Asks a source and reads its answer as text.
 * @param timeLimit milliseconds for all of it
 * @throws Problem `source-unreachable`, `source-slow`
 */
export async function ask(
  url: string,
  init: RequestInit,
  timeLimit: number,
  signal: AbortSignal,
): Promise<Answered> {
  const limit = AbortSignal.timeout(timeLimit);
  try {
    const response = await fetch(url, {
      ...init,
      headers: { 'user-agent': USER_AGENT, ...Object.fromEntries(new Headers(init.headers)) },
      signal: AbortSignal.any([signal, limit]),
    });
    const text = await textOf(response);
    return { status: response.status, headers: response.headers, text };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Problem) throw error;
    throw sourceFailed(
      url,
      limit.aborted ? 'source-slow' : 'source-unreachable',
      limit.aborted ? `no answer within ${timeLimit / 1000} s` : causeOf(error),
      error,
    );
  }
}

/** The failure of a source. */
export function sourceFailed(url: string, code: string, answered: string, cause?: unknown): Problem {
  const host = new URL(url).host;
  return new Problem(
    {
      code,
      message:
        {
          'source-slow': `${host} is too slow to answer.`,
          'source-unreachable': `${host} cannot be reached.`,
          'source-unreadable': `${host} did not answer what was asked.`,
        }[code] ?? `${host} answered with an error.`,
      attempted: `Ask ${url}`,
      answered: shorten(answered, 500),
      todo: 'Check your network; the next check asks again. A mirror can be set in the settings.',
    },
    cause,
  );
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return [code, wordsOf(cause)].filter((part) => part !== '').join(': ');
}

async function textOf(response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytesOf(response)) {
    size += chunk.byteLength;
    if (size > MAX_TEXT) throw sourceFailed(response.url, 'source-unreadable', `more than ${MAX_TEXT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The body of an answer, chunk by chunk. */
export async function* bytesOf(response: Response): AsyncGenerator<Uint8Array, void, void> {
  if (response.body === null) return;
  const body: AsyncIterable<unknown> = response.body;
  for await (const chunk of body) if (chunk instanceof Uint8Array) yield chunk;
}
