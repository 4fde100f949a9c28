/** Places for cells to run in, several at a time, and what each kind of update does without a fault. */
import { aMariaDb, aTempFolder } from '../rig/index.ts';
import { runCell, type Cell, type CellEnd } from './cell.ts';
import { aFewCores, kindOf, type HostKind, type KindName } from './kinds.ts';
import { learn, type Reference } from './observer.ts';
import { aPlace, theGround, type Place } from './place.ts';

/** Runs cells. */
export interface Field extends AsyncDisposable {
  /** Runs one as soon as a place is free. @param lease seconds; null: the product's own */
  run(cell: Cell, lease: number | null): Promise<CellEnd>;
}

/** Patient enough for a busy machine: nothing is meant to go wrong then. */
const LEARNING = 30;

/**
 * @param count how many cells at a time; a cell mostly waits
 * @param over what its hosts give
 */
export async function aField(count: number, over: HostKind = 'shell'): Promise<Field> {
  const temp = aTempFolder('cores');
  const [mariadb, cores] = await Promise.all([aMariaDb(), aFewCores(temp.path)]);
  const ground = await theGround(mariadb, cores);
  const free: Place[] = [];
  const waiting: ((place: Place) => void)[] = [];
  const references = new Map<KindName, Promise<Reference>>();
  const put = (place: Place) => {
    const next = waiting.shift();
    if (next) next(place);
    else free.push(place);
  };
  const take = async () => free.pop() ?? new Promise<Place>((resolve) => void waiting.push(resolve));
  // One after the other: much of making one blocks this process, and servers have to be ready in their time.
  for (let number = 0; number < count; number += 1) free.push(await aPlace(ground, over));
  const all = new Set(free);

  return {
    async run(cell, lease) {
      let place = await take();
      try {
        const known = references.get(cell.kind) ?? learn(place, cell.kind, LEARNING);
        references.set(cell.kind, known);
        known.catch(() => references.delete(cell.kind));
        return await runCell(place, cell, await known, lease);
      } finally {
        // What a cell left is nobody else's trouble.
        await place.reset(kindOf(cell.kind)).catch(async () => {
          all.delete(place);
          await place.stop().catch(() => {});
          place = await aPlace(ground, over);
          all.add(place);
        });
        put(place);
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...all].map((place) => place.stop()));
      await Promise.all(Object.values(ground.orgs).map((org) => org.stop()));
      await mariadb.stop();
      temp.remove();
    },
  };
}
