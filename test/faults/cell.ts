/** One cell of the matrix: an update, a fault that strikes at one step, and what an observer finds afterwards. */
import { setTimeout as wait } from 'node:timers/promises';
import { faultOf, type FaultName } from './faults.ts';
import type { Point, Target } from './gate.ts';
import { kindOf, type HostKind, type KindName } from './kinds.ts';
import { observe, type Reference } from './observer.ts';
import { processesOf, type Place, type Reported } from './place.ts';
import { leaseIn, stepOf, updateArguments } from './words.ts';

/** When in a step a fault strikes: before its first command, within it, or after its last one acted and before that answered. */
export const MOMENTS = ['before', 'while', 'after'] as const;
export type Moment = (typeof MOMENTS)[number];

export interface Cell {
  readonly fault: FaultName;
  readonly kind: KindName;
  readonly over: HostKind;
  /** The step without the component's name: `swap`. */
  readonly step: string;
  readonly moment: Moment;
  /** A number from 0 to 1: which point within the step, and how the fault goes on. */
  readonly chance: number;
}

export interface CellEnd {
  /** null: it could not strike here; `why` says it. */
  readonly verdict: 'old' | 'new' | 'red' | null;
  readonly why: readonly string[];
  readonly struck: Point | null;
  readonly reported: Reported | null;
  readonly seconds: number;
}

/** Seconds that the app may take to end after all is well again. */
const APP_LIMIT = 150;

export function nameOf(cell: Cell): string {
  return `${cell.kind}${cell.over === 'sftp' ? ' over SFTP' : ''}: ${cell.fault} ${cell.moment} “${cell.step}”`;
}

/** Runs a cell, and leaves the place for `reset`. @param lease null: the product's own */
export async function runCell(
  place: Place,
  cell: Cell,
  reference: Reference,
  lease: number | null,
): Promise<CellEnd> {
  const began = performance.now();
  const kind = kindOf(cell.kind);
  const fault = faultOf(cell.fault);
  const ends = (end: Partial<CellEnd>): CellEnd => ({
    ...{ verdict: null, why: [], struck: null, reported: null },
    ...end,
    seconds: Math.round((performance.now() - began) / 100) / 10,
  });
  const why = fault.impossible?.(place) ?? null;
  if (why !== null) return ends({ why: [why] });
  const target = targetOf(cell, reference.points);
  if (target === null) return ends({ why: ['this update has no such step'] });

  await place.reset(kind);
  const seconds = lease ?? 45;
  const env = { ...place.diskHere?.env, ...leaseIn(lease) };
  // The clock's library and the disk's are preloaded both.
  const preloads = [place.clocks.here.env['LD_PRELOAD'], place.diskHere?.env['LD_PRELOAD']];
  const app = place.line(kind, updateArguments(kind, place.over), {
    ...env,
    LD_PRELOAD: preloads.filter((one) => one !== undefined).join(' '),
  });
  const scene = { place, app, lease: seconds, chance: cell.chance };
  const watch = place.gate.watch(place.data, target, async () => fault.strike(scene));
  const wrong: string[] = [];
  try {
    const first = await Promise.race([watch.struck.then(() => 'struck'), app.ended.then(() => 'ended')]);
    if (first === 'ended' && watch.struckAt() === null) {
      const { err, out } = await app.ended;
      return ends({ verdict: 'red', why: [`the update ended before the fault struck: ${err || out}`] });
    }
    await within(APP_LIMIT + seconds * 3, fault.then(scene), 'the update does not end');
  } catch (error) {
    wrong.push(error instanceof Error ? error.message : String(error));
    app.process.kill('SIGKILL');
    await app.ended;
  } finally {
    watch.end();
  }
  if (fault.forGood === true) {
    const alone = await observe(place, kind, reference, 'without the app');
    wrong.push(...alone.wrong.map((words) => `without the app: ${words}`));
  }
  let reported = place.reported();
  if (['waiting', 'running', 'interrupted'].includes(reported.state)) {
    const { code, err, out } = await place.line(kind, ['runs', 'recover'], leaseIn(lease)).ended;
    if (code !== 0) wrong.push(`recover ended with ${code}: ${err || out}`);
    reported = place.reported();
  }
  await workersGone(place);
  // Where the database was dead at the run's end, or PHP that alone reaches it, its locks could not be given back.
  const locksMayStay = cell.fault === 'database dead' || (cell.over === 'sftp' && cell.fault === 'PHP dead');
  const seen = await observe(place, kind, reference, 'at the end', locksMayStay);
  wrong.push(...seen.wrong, ...misreported(seen.is, reported));
  return ends({
    verdict: wrong.length === 0 && seen.is !== null ? seen.is : 'red',
    why: wrong,
    struck: watch.struckAt(),
    reported,
  });
}

/** Where a cell's fault strikes, by what an update without faults came by. */
export function targetOf(cell: Cell, points: readonly Point[]): Target | null {
  const mine = points.filter(({ step }) => stepOf(step) === cell.step);
  const [first] = mine;
  if (first === undefined) return null;
  const inner = mine.flatMap((_point, index) => (index > 0 && index < mine.length - 1 ? [index] : []));
  const within = inner[Math.floor(cell.chance * inner.length)] ?? 0;
  const index = { before: 0, while: within, after: mine.length - 1 }[cell.moment];
  return { step: first.step, index };
}

/** Commands that were cut off may still come to their end. */
async function workersGone(place: Place): Promise<void> {
  const { uid } = place.host.account;
  const ours = (command: string) => command.includes(place.gate.folder) || command.includes('sftp-server');
  const working = () => processesOf(uid).some(({ command }) => ours(command));
  for (const until = Date.now() + 30_000; working() && Date.now() < until;) await wait(50);
}

/** What the app says against what is there. */
function misreported(is: 'old' | 'new' | null, { state, summary }: Reported): string[] {
  const says = `the app reports “${state}”: ${summary}`;
  if (is === 'new') return state === 'done' ? [] : [`the new version is there, and ${says}`];
  if (is === 'old') {
    return ['rolled-back', 'failed', 'cancelled'].includes(state)
      ? []
      : [`the old version is there, and ${says}`];
  }
  return [says];
}

async function within<T>(seconds: number, work: Promise<T>, otherwise: string): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([
      work,
      wait(seconds * 1000, null, { signal: over.signal }).then(() => {
        throw new Error(`${otherwise} within ${seconds} s`);
      }),
    ]);
  } finally {
    over.abort();
  }
}
