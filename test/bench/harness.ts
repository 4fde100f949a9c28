import fs from 'node:fs';
import path from 'node:path';

/** One way to do the work that is compared. */
export interface Contender {
  readonly name: string;
  /** Ours, whose ratio to the baseline is what counts. */
  readonly ours?: boolean;
  /** Slow peers take part in fewer rounds. */
  readonly rounds?: number;
  /** Makes everything ready for one run; not measured. */
  before?(): Promise<void>;
  /**
   * Does the work once. What it throws ends the benchmark: a wrong answer is no measurement.
   * @returns milliseconds that count instead of the time that it took, if something else is measured
   */
  run(): Promise<number | undefined> | Promise<void>;
}

/** Something that is measured. */
export interface Benchmark {
  readonly name: string;
  /** What is done, in words. */
  readonly what: string;
  /** Makes everything ready. The first contender is the baseline that the others are compared with. */
  prepare(): Promise<{
    readonly contenders: readonly Contender[];
    /** What else was found out, in lines; asked before `stop`. */
    notes?(): string[];
    stop(): Promise<void>;
  }>;
  /** The ratio to the baseline that each of ours should stay within. */
  readonly aims: Readonly<Record<string, number>>;
}

/** What was measured of one contender. */
export interface Measured {
  readonly name: string;
  readonly ours: boolean;
  readonly millis: readonly number[];
  readonly median: number;
  /** To the baseline's median; less is better. */
  readonly ratio: number;
  readonly aim: number | null;
}

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);

/** Runs everybody in turn, round after round, so that what else the machine does falls on all alike. */
export async function measure(
  benchmark: Benchmark,
  log: (line: string) => void,
): Promise<{ measured: Measured[]; notes: string[] }> {
  log(`\n${benchmark.name}: ${benchmark.what}`);
  const prepared = await benchmark.prepare();
  const { contenders } = prepared;
  const times = new Map<string, number[]>(contenders.map((contender) => [contender.name, []]));
  let notes: string[];
  try {
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const contender of contenders) {
        if (round > (contender.rounds ?? ROUNDS)) continue;
        await contender.before?.();
        const started = performance.now();
        const counts = await contender.run();
        const millis = counts ?? performance.now() - started;
        // The first round warms everybody up and does not count.
        if (round > 0) times.get(contender.name)?.push(millis);
        log(
          `  ${round === 0 ? 'warm-up' : `round ${round}`}  ${contender.name.padEnd(40)} ${(millis / 1000).toFixed(2)} s`,
        );
      }
    }
    notes = prepared.notes?.() ?? [];
  } finally {
    await prepared.stop();
  }
  const [first] = contenders;
  const baseline = median(times.get(first?.name ?? '') ?? []);
  const measured = contenders.map(({ name, ours = false }) => {
    const millis = times.get(name) ?? [];
    return {
      name,
      ours,
      millis,
      median: median(millis),
      ratio: median(millis) / baseline,
      aim: benchmark.aims[name] ?? null,
    };
  });
  return { measured, notes };
}

/** What was measured, as lines of a table. */
export function tableOf(measured: readonly Measured[]): string[] {
  const width = Math.max(...measured.map(({ name }) => name.length)) + 2;
  return [
    `${''.padEnd(width)} median     best    worst    ratio`,
    ...measured.map(({ name, millis, median: middle, ratio, aim }) => {
      const seconds = (value: number) => `${(value / 1000).toFixed(2)} s`.padStart(8);
      const verdict = aim === null ? '' : ratio <= aim ? `  within ${aim}` : `  misses ${aim}`;
      return `${name.padEnd(width)}${seconds(middle)} ${seconds(Math.min(...millis))} ${seconds(Math.max(...millis))}  ${ratio.toFixed(2).padStart(6)}${verdict}`;
    }),
  ];
}

/** Keeps what was measured, with the machine's load at that time. */
export function keep(folder: string, name: string, measured: readonly Measured[]): string {
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.json`);
  fs.writeFileSync(
    file,
    `${JSON.stringify({ benchmark: name, at: new Date().toISOString(), node: process.version, measured }, null, 2)}\n`,
  );
  return file;
}

function median(values: readonly number[]): number {
  const ordered = [...values].sort((a, b) => a - b);
  const middle = ordered.length >> 1;
  return ordered.length % 2 === 1
    ? (ordered[middle] ?? Number.NaN)
    : ((ordered[middle - 1] ?? Number.NaN) + (ordered[middle] ?? Number.NaN)) / 2;
}
