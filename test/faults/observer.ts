/** Somebody outside, who only asks for the site's pages and compares what is there with what was there before. */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Point } from './gate.ts';
import { leaseIn, stepOf, updateArguments } from './words.ts';
import { kindOf, stepsOf, type Kind, type KindName } from './kinds.ts';
import { contentOf, type Place } from './place.ts';

/** What an update does that nothing disturbs. */
export interface Reference {
  readonly points: readonly Point[];
  readonly files: Difference;
  readonly dump: Difference;
}

/** What makes one text of lines another. */
export interface Difference {
  readonly gone: readonly string[];
  readonly come: readonly string[];
}

export interface Seen {
  /** null: it is neither. */
  readonly is: 'old' | 'new' | null;
  readonly wrong: readonly string[];
}

/** Updates once without a fault, and notes what that does and where it comes by. */
export async function learn(place: Place, name: KindName, lease: number): Promise<Reference> {
  const kind = kindOf(name);
  await place.reset(kind);
  const line = place.line(kind, updateArguments(kind, place.over), leaseIn(lease));
  const watch = place.gate.watch(place.data, null, async () => {});
  const { code, err, out } = await line.ended;
  watch.end();
  if (code !== (kind.breaks ? 3 : 0)) throw new Error(`${name}: the update ended with ${code}: ${err}${out}`);
  const steps = [...new Set(watch.points.map(({ step }) => stepOf(step)))];
  if (steps.join() !== stepsOf(name, place.over).join())
    throw new Error(`${name} has the steps ${steps.join(', ')}`);
  const reference = {
    points: watch.points,
    files: difference(place.before.files, place.site.files()),
    dump: difference(place.before.dump, contentOf(place.site)),
  };
  const seen = await observe(place, kind, reference, 'at the end');
  if (seen.is !== (kind.breaks ? 'old' : 'new') || seen.wrong.length > 0)
    throw new Error(`${name}: without a fault, ${seen.wrong.join('; ') || `it is ${seen.is}`}`);
  return reference;
}

/**
 * @param when `without the app`: what only the app tidies up may still be there
 * @param locksMayStay whether the locks of WordPress's own updaters may still be there, until they end by themselves
 */
export async function observe(
  place: Place,
  kind: Kind,
  reference: Reference,
  when: 'without the app' | 'at the end',
  locksMayStay = when === 'without the app',
): Promise<Seen> {
  const { site, before } = place;
  const wrong: string[] = [];
  const files = difference(before.files, site.files());
  const content = contentOf(site);
  // The locks of WordPress's own updaters end by themselves.
  const dump = difference(before.dump, locksMayStay ? withoutLocks(content) : content);
  const nothing = { gone: [], come: [] };
  const filesAre = same(files, nothing) ? 'old' : same(files, reference.files) ? 'new' : null;
  // What does not migrate has the same database before and after.
  const dumpIs = (is: 'old' | 'new') => same(dump, is === 'old' ? nothing : reference.dump);
  const is = filesAre !== null && dumpIs(filesAre) ? filesAre : null;
  if (filesAre === null) wrong.push(`files: ${shown(files)}`);
  else if (is === null) wrong.push(`the files are ${filesAre}, the database is not: ${shown(dump)}`);
  if (kind.breaks && is === 'new') wrong.push('the version that breaks the site is there');
  wrong.push(...(await unhealthy(place, kind, is)));
  if (fs.existsSync(path.join(site.root, '.maintenance'))) wrong.push('.maintenance is there');
  wrong.push(...leftBehind(place, is, when));
  return { is, wrong };
}

/** The site as visitors get it: PHP keeps compiled files for some seconds, so it is asked until it is well. */
async function unhealthy({ site }: Place, kind: Kind, is: 'old' | 'new' | null): Promise<string[]> {
  const { host } = new URL(site.url);
  // Straight at the web server, past everything that can fail in the cell.
  const page = (at: string) => site.page(at, host);
  for (const until = Date.now() + 15_000; ; await wait(200)) {
    const [home, told] = [await page('/'), await page(kind.page)];
    const wrong: string[] = [];
    if (home.status !== 200) wrong.push(`the home page answers ${home.status}`);
    if (!home.text.includes(`<title>${site.title}`)) wrong.push('the title is not on the home page');
    if (is !== null && !told.text.includes(kind[is])) wrong.push(`${kind.page} does not say “${kind[is]}”`);
    if (wrong.length === 0 || Date.now() > until) return wrong;
  }
}

function leftBehind(
  place: Place,
  is: 'old' | 'new' | null,
  when: 'without the app' | 'at the end',
): string[] {
  const wrong: string[] = [];
  const tab = place.gate.crontab();
  if (tab !== null) wrong.push(`the crontab holds: ${tab}`);
  const watching = place.processes().map(({ command }) => command);
  if (watching.length > 0) wrong.push(`still at work: ${watching.join('; ').slice(0, 500)}`);
  if (when === 'without the app') return wrong;
  // SITE/RUN/old/…
  const left = place.privateFolder().filter((name) => {
    const [, run, what] = name.split('/');
    return what !== undefined && what !== 'old' ? true : run === 'lock' || (what === 'old' && is !== 'new');
  });
  const empty = is === 'new' ? [] : place.privateFolder().filter((name) => name.split('/').length === 2);
  if (left.length + empty.length > 0)
    wrong.push(`left in the private folder: ${[...left, ...empty].slice(0, 5).join(', ')}`);
  return wrong;
}

function withoutLocks(dump: string): string {
  return dump
    .split('\n')
    .filter((line) => !/'(core|auto)_updater\.lock'/.test(line))
    .join('\n');
}

function difference(before: string, after: string): Difference {
  const [old, now] = [new Set(before.split('\n')), new Set(after.split('\n'))];
  return {
    gone: [...old].filter((line) => !now.has(line)),
    come: [...now].filter((line) => !old.has(line)),
  };
}

function same(one: Difference, other: Difference): boolean {
  const text = ({ gone, come }: Difference) => JSON.stringify([gone.toSorted(), come.toSorted()]);
  return text(one) === text(other);
}

function shown({ gone, come }: Difference): string {
  const some = (lines: readonly string[]) =>
    lines
      .slice(0, 3)
      .map((line) => line.slice(0, 160))
      .join(' | ');
  return `${gone.length} lines gone (${some(gone)}), ${come.length} come (${some(come)})`;
}
