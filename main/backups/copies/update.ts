import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  bytesInWords,
  counted,
  Problem,
  readJson,
  Sha256,
  type BackupId,
  type OnProgress,
} from '../../words/index.ts';
import { backupOfFile, CONFIG, type StoreFile } from '../store/store-files.ts';
import { inTurn } from './in-turn.ts';
import type { Listing, Place } from './place.ts';
import { mayGo, planCopy, type CopyPlan } from './plan.ts';
import type { Sent } from './record.ts';

/** The store, for who copies it. */
export interface Source {
  readonly place: Place;
  readonly id: string;
  /** What is wrong with a file of the store; null: it is whole. */
  inspect(name: StoreFile, bytes: Buffer): Promise<string | null>;
  /** Does short work while nothing is thrown away, so that what it lists fits together. */
  steady<T>(work: () => Promise<T>): Promise<T>;
  /** What of the store's backups is damaged, as far as a quick look can tell. */
  damage(): Promise<readonly string[]>;
  removed(backup: BackupId): boolean;
}

export interface UpdateOptions {
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
  readonly log: (level: 'info' | 'warning' | 'error', text: string) => void;
  /** Takes away what the store has no more, although it is much or nobody removed it here. */
  readonly letGo: boolean;
  /** What was known of the files there. */
  readonly known: ReadonlyMap<StoreFile, Sent>;
  /** Whether the copy was there before: then a place without it is a disk that is away. */
  readonly wasThere: boolean;
}

export interface Updated {
  readonly files: ReadonlyMap<StoreFile, Sent>;
  readonly sentBytes: number;
  readonly sentBackups: number;
  readonly goneBackups: number;
  /** Why something was not taken away, or could not be sent; null: the copy is as the store is. */
  readonly problem: Problem | null;
}

const Id = z.object({ id: z.string() });

/** Whose copy lies at a place; null: none that is complete. @throws Problem `copy-damaged` */
export async function storeAt(place: Place): Promise<string | null> {
  const bytes = await place.read(CONFIG);
  if (bytes === null) return null;
  try {
    return readJson(Id, bytes.toString('utf8')).id;
  } catch (error) {
    throw new Problem(
      {
        code: 'copy-damaged',
        message: `${CONFIG} of the copy is damaged.`,
        attempted: `Read ${place.label}/${CONFIG}`,
        todo: 'Remove this file there, then bring the copy up to date.',
      },
      error,
    );
  }
}

/** @throws Problem `copy-of-another`, `place-away` */
export async function expectOurs(place: Place, id: string, wasThere: boolean): Promise<void> {
  const found = await storeAt(place);
  if (found !== null && found !== id) {
    throw new Problem({
      code: 'copy-of-another',
      message: 'This place holds a copy of another backup store.',
      attempted: `Look into ${place.label}`,
      answered: `store ${found}, ours is ${id}`,
      todo: 'Choose another folder. If this computer’s store was lost, bring it back from there: `backups bring-back`.',
    });
  }
  if (found === null && wasThere) {
    throw new Problem({
      code: 'place-away',
      message: 'The place is there, but the copy is not.',
      attempted: `Look for ${CONFIG} in ${place.label}`,
      answered: 'It is not there.',
      todo: 'Check that the right disk is connected. If the copy was deleted, remove it from the list and add it again.',
    });
  }
}

/**
 * Makes a copy equal to the store: packs that are missing, then what the store is, then the backups' records; what the store
 * has no more goes last. Whatever cuts it off, each record that is there has all its packs there.
 * Each file is seen to be whole before it goes.
 */
export async function updateCopy(source: Source, place: Place, options: UpdateOptions): Promise<Updated> {
  const { signal, progress, log } = options;
  await expectOurs(place, source.id, options.wasThere);
  await place.tidy();
  const there = new Map(await place.list());
  const files = new Map<StoreFile, Sent>();
  for (const [name, size] of there) {
    const known = options.known.get(name);
    files.set(name, known?.size === size ? known : { size, sha256: null });
  }
  const damaged = new Map<StoreFile, string>();
  let sentBytes = 0;

  /** @returns whether it is there now */
  const send = async (name: StoreFile): Promise<boolean> => {
    signal.throwIfAborted();
    const bytes = await source.place.read(name);
    if (bytes === null) return false;
    const wrong = name === CONFIG ? null : await source.inspect(name, bytes);
    if (wrong !== null) {
      damaged.set(name, wrong);
      log('error', `${name} is damaged in the store and was not sent: ${wrong}`);
      return false;
    }
    await place.write(name, bytes);
    there.set(name, bytes.length);
    files.set(name, { size: bytes.length, sha256: hashOf(bytes) });
    sentBytes += bytes.length;
    return true;
  };
  /** @returns whether one was gone meanwhile */
  const sendAll = async (names: readonly StoreFile[], total: number) => {
    let stale = false;
    await inTurn(names, place.atOnce, async (name) => {
      if (!(await send(name)) && !damaged.has(name)) stale = true;
      progress({ what: `Copy to ${place.label}`, done: Math.min(sentBytes, total), total, unit: 'bytes' });
    });
    return stale;
  };

  let here: Listing;
  let plan: CopyPlan;
  for (;;) {
    here = await source.steady(() => source.place.list());
    plan = planCopy(here, there);
    const packs = plan.packs.filter((name) => !damaged.has(name));
    await refuseWithoutSpace(place, plan.bytes);
    // A prune may have put other packs in the place of some: then it is looked at anew.
    if (!(await sendAll(packs, sentBytes + plan.bytes))) break;
  }

  const config = await source.place.read(CONFIG);
  const configThere = await place.read(CONFIG);
  if (config !== null && configThere?.equals(config) !== true) await send(CONFIG);
  else if (config !== null) files.set(CONFIG, { size: config.length, sha256: hashOf(config) });
  let sentBackups = 0;
  await inTurn(plan.snapshots, place.atOnce, async (name) => {
    // One that is gone was removed meanwhile.
    if ((await send(name)) && backupOfFile(name) !== null) sentBackups += 1;
  });

  let problem: Problem | null = damaged.size === 0 ? null : damagedHere(damaged);
  let goneBackups = 0;
  const going = [...plan.goingSnapshots, ...plan.goingPacks];
  if (going.length > 0 && problem === null) {
    problem = options.letGo ? null : mayGo(plan, there, (backup) => source.removed(backup));
    if (problem === null) problem = refusedFor(await source.damage());
    if (problem === null) {
      // Records first: none may be there without its packs.
      for (const names of [plan.goingSnapshots, plan.goingPacks])
        await inTurn(names, place.atOnce, async (name) => {
          signal.throwIfAborted();
          await place.remove(name);
          files.delete(name);
        });
      goneBackups = plan.goingSnapshots.filter((name) => backupOfFile(name) !== null).length;
    }
  }
  if (sentBytes > 0) log('info', `${bytesInWords(sentBytes)} sent to ${place.label}.`);
  return { files, sentBytes, sentBackups, goneBackups, problem };
}

export const hashOf = (bytes: Uint8Array): Sha256 =>
  Sha256.parse(createHash('sha256').update(bytes).digest('hex'));

/** @throws Problem `disk-full` before anything is sent that has no room */
async function refuseWithoutSpace(place: Place, bytes: number): Promise<void> {
  if (bytes === 0) return;
  const free = await place.free();
  if (free === null || free > bytes) return;
  throw new Problem({
    code: 'disk-full',
    message: `${bytesInWords(bytes)} are to be copied, and there is room for ${bytesInWords(free)}.`,
    attempted: `Copy to ${place.label}`,
    todo: 'Free some space there, or choose another place.',
  });
}

function damagedHere(damaged: ReadonlyMap<StoreFile, string>): Problem {
  return new Problem({
    code: 'store-damaged',
    message: `${counted(damaged.size, 'file')} of the store ${damaged.size === 1 ? 'is' : 'are'} damaged and could not be copied.`,
    attempted: 'Read the store',
    answered: [...damaged]
      .slice(0, 5)
      .map(([name, why]) => `${name}: ${why}`)
      .join('; '),
    todo: 'If a copy has them whole, heal the store from it: `backups copies heal`. Else back up the sites again at once.',
  });
}

function refusedFor(damage: readonly string[]): Problem | null {
  if (damage.length === 0) return null;
  return new Problem({
    code: 'store-damaged',
    message: 'The store is damaged, so nothing was taken away from the copy.',
    attempted: 'Look whether the store is whole',
    answered: damage.slice(0, 5).join('; '),
    todo: 'Heal the store from the copy: `backups copies heal`.',
  });
}
