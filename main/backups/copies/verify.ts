import { Problem, type OnProgress } from '../../words/index.ts';
import { CONFIG, isPack, type StoreFile } from '../store/store-files.ts';
import { inTurn } from './in-turn.ts';
import type { Place } from './place.ts';
import type { Sent } from './record.ts';
import { expectOurs, hashOf, type Source } from './update.ts';

export interface CopyCheck {
  /** `quick`: names and lengths. `deep`: every byte is read, by the place itself where it can hash. */
  readonly depth: 'quick' | 'deep';
  /** Reads everything back to here, although the place can hash. */
  readonly download: boolean;
  readonly known: ReadonlyMap<StoreFile, Sent>;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/** A file of a copy that is not what it was. */
export interface CopyDamage {
  readonly name: StoreFile;
  readonly why: string;
  /** Whether it was sent again, and read back whole. */
  readonly healed: boolean;
}

export interface CopyVerified {
  readonly files: ReadonlyMap<StoreFile, Sent>;
  readonly bytes: number;
  readonly damage: readonly CopyDamage[];
}

/** Finds what of a copy is not what it was, by name, and sends it again where the store has it whole. */
export async function verifyCopy(source: Source, place: Place, check: CopyCheck): Promise<CopyVerified> {
  const { signal, progress, known } = check;
  const listing = await place.list();
  // What a copy is is read first: without it nothing of it can be told from another's.
  if (listing.has(CONFIG) || known.size === 0) await expectOurs(place, source.id, true);
  const files = new Map<StoreFile, Sent>();
  const bad = new Map<StoreFile, string>();
  for (const [name, size] of listing) files.set(name, known.get(name) ?? { size, sha256: null });
  for (const [name, { size }] of known) {
    const found = listing.get(name);
    if (found === undefined) bad.set(name, 'it is missing');
    else if (found !== size) bad.set(name, `it has ${found} bytes instead of ${size}`);
  }

  let bytes = 0;
  if (check.depth === 'deep') {
    const total = [...listing.values()].reduce((sum, size) => sum + size, 0);
    const step = (name: StoreFile) => {
      bytes += listing.get(name) ?? 0;
      progress({ what: `Verify ${place.label}`, done: bytes, total, unit: 'bytes' });
    };
    const readBack = new Set([...listing.keys()].filter((name) => !bad.has(name)));
    if (place.hashes !== null && !check.download) {
      const packs = [...readBack].filter((name) => isPack(name) && files.get(name)?.sha256 !== null);
      for (let at = 0; at < packs.length; at += AT_ONCE) {
        signal.throwIfAborted();
        const some = packs.slice(at, at + AT_ONCE);
        const hashes = await hashesOrNull(place, some);
        if (hashes === null) break;
        for (const name of some) {
          // One with another hash is read: its own seals say what is wrong with it.
          if (hashes.get(name) !== files.get(name)?.sha256) continue;
          readBack.delete(name);
          step(name);
        }
      }
    }
    await inTurn([...readBack], place.atOnce, async (name) => {
      signal.throwIfAborted();
      const content = await place.read(name);
      const asSent = content !== null && known.get(name)?.sha256 === hashOf(content);
      // What the store is may have changed since, with its recovery phrase.
      const wrong = name === CONFIG && asSent ? null : await wrongWith(source, name, content);
      if (wrong !== null) bad.set(name, wrong);
      else if (content !== null) files.set(name, { size: content.length, sha256: hashOf(content) });
      step(name);
    });
  } else bytes = [...listing.values()].reduce((sum, size) => sum + size, 0);

  const damage: CopyDamage[] = [];
  for (const [name, why] of bad) {
    signal.throwIfAborted();
    const sent = await sendAgain(source, place, name);
    if (sent !== null) files.set(name, sent);
    damage.push({ name, why, healed: sent !== null });
  }
  return { files, bytes, damage };
}

/** Packs in one question for hashes, so that it can be cancelled and shows how far it is. */
const AT_ONCE = 32;

async function hashesOrNull(place: Place, names: readonly StoreFile[]) {
  try {
    return (await place.hashes?.(names)) ?? null;
  } catch (error) {
    // An account without a shell, or a host without a program for it: then all is read back.
    if (
      error instanceof Problem &&
      ['no-hashes', 'remote-failed', 'connection-lost', 'channel-refused', 'no-shell'].includes(error.code)
    )
      return null;
    throw error;
  }
}

async function wrongWith(source: Source, name: StoreFile, content: Buffer | null): Promise<string | null> {
  if (content === null) return 'it is missing';
  if (name !== CONFIG) return source.inspect(name, content);
  const ours = await source.place.read(CONFIG);
  return ours === null || content.equals(ours) ? null : 'it is not what the store’s own is';
}

/** @returns what was sent; null: the store has it not whole either */
async function sendAgain(source: Source, place: Place, name: StoreFile): Promise<Sent | null> {
  const ours = await source.place.read(name);
  if (ours === null || (name !== CONFIG && (await source.inspect(name, ours)) !== null)) return null;
  await place.write(name, ours);
  const back = await place.read(name);
  return back?.equals(ours) === true ? { size: ours.length, sha256: hashOf(ours) } : null;
}
