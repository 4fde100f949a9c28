import type { Client } from '../../api/index.ts';
import type { Run } from '../../runs/index.ts';
import type { Site } from '../../sites/index.ts';
import { Problem, ProblemShape, RunId, asProblem } from '../../words/index.ts';
import type { Output } from './output.ts';

/** What a command works with. */
export interface Command {
  readonly client: Client;
  readonly out: Output;
}

/** Ends the process with a code once its output is out. */
export class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** What a client threw, as a problem: thrown as one in this process, carried as `data` from another. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof Error && 'data' in thrown) {
    const shape = ProblemShape.safeParse(thrown.data);
    if (shape.success) return new Problem(shape.data, thrown);
  }
  return asProblem(thrown);
}

/** Follows runs to their ends, showing progress and log; Ctrl-C cancels them and waits until they are undone. */
export async function followRuns({ client, out }: Command, runIds: readonly RunId[]): Promise<Run[]> {
  const cancel = () => {
    out.warn('Cancelling…');
    for (const runId of runIds) void client.runs.cancel({ runId }).catch(() => {});
  };
  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  try {
    const watching = watchProgress(client, out, runIds);
    const ended = await Promise.all(
      runIds.map(async (runId) => {
        const lines = await client.runs.follow({ runId });
        for await (const line of lines) {
          if (line.level !== 'info') out.warn(`${line.level}: ${line.text}`);
        }
        return client.runs.show({ runId });
      }),
    );
    watching.stop();
    out.progress(null);
    return ended;
  } finally {
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
  }
}

function watchProgress(client: Client, out: Output, runIds: readonly RunId[]): { stop(): void } {
  const abort = new AbortController();
  void (async () => {
    const events = await client.app.events({}, { signal: abort.signal });
    for await (const event of events) {
      if (event.kind === 'run' && runIds.includes(event.run.id)) out.progress(event.run.progress);
    }
  })().catch(() => {});
  return { stop: () => abort.abort() };
}

/** The exit code that a run's end means: 0 done, 3 rolled back, 1 otherwise. */
export function exitCodeOf(runs: readonly Run[]): number {
  if (runs.some((run) => run.state === 'failed' || run.state === 'interrupted' || run.state === 'cancelled'))
    return 1;
  return runs.some((run) => run.state === 'rolled-back') ? 3 : 0;
}

/** Says how runs ended; throws the exit code they mean. */
export function reportRuns({ out }: Command, runs: readonly Run[]): void {
  for (const run of runs) {
    const name = run.siteName === null ? '' : `${run.siteName}: `;
    out.say(`${name}${run.summary || run.state}`);
    if (run.problem) {
      const { attempted, answered, todo } = run.problem;
      for (const line of [
        attempted && `  tried: ${attempted}`,
        answered && `  answered: ${answered.split('\n').slice(0, 5).join('\n    ')}`,
        todo && `  to do: ${todo}`,
      ])
        if (line) out.warn(line);
    }
  }
  out.result(runs.length === 1 ? runs[0] : runs);
  const code = exitCodeOf(runs);
  if (code !== 0) throw new Exit(code);
}

/** The run that a word means: an id, or `latest`. */
export async function runNamed({ client }: Command, word: string, site?: Site): Promise<RunId> {
  if (word !== 'latest') {
    const id = RunId.safeParse(word);
    if (id.success) return id.data;
    throw new Problem({
      code: 'no-such-run',
      message: `There is no run “${word}”.`,
      todo: '`runs list` shows all of them.',
    });
  }
  const [latest] = await client.runs.list({ limit: 1, ...(site ? { siteId: site.id } : {}) });
  if (!latest) throw new Problem({ code: 'no-such-run', message: 'There is no run yet.' });
  return latest.id;
}

/** The sites that a command names: by name or id, by tag, or all. */
export async function sitesNamed(
  { client }: Command,
  names: readonly string[],
  options: { tag?: string | undefined; all?: boolean | undefined },
): Promise<Site[]> {
  if (names.length > 0) return Promise.all(names.map((nameOrId) => client.sites.find({ nameOrId })));
  const all = (await client.sites.list({})).map((summary) => summary.site);
  return options.tag === undefined ? all : all.filter((site) => site.tags.includes(options.tag ?? ''));
}
