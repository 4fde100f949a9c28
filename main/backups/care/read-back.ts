import type { OnProgress } from '../../words/index.ts';
import type { ReadPack, Store } from '../store/types.ts';

export interface ReadBackOptions {
  /** At least so many bytes, whole packs, if so many wait. */
  readonly bytes: number;
  /** Packs that were read since then are passed over. */
  readonly notSince: number;
  /** Waited for before each pack: what matters more goes first. */
  readonly rest: () => Promise<void>;
}

export interface ReadBack {
  readonly packs: number;
  readonly bytes: number;
  /** Each damage, named by backup and path. */
  readonly damage: readonly string[];
}

/**
 * Reads back a part of a store: the packs that were read longest ago, one at a time. Backups and prunes may come in between
 * two packs.
 */
export async function readBackSome(
  store: Store,
  { bytes: share, notSince, rest }: ReadBackOptions,
  signal: AbortSignal,
  progress: OnProgress,
): Promise<ReadBack> {
  const read: ReadPack[] = [];
  let bytes = 0;
  while (bytes < share) {
    await rest();
    signal.throwIfAborted();
    const pack = await store.readOldest(
      notSince,
      read.map(({ name }) => name),
    );
    if (pack === null) break;
    read.push(pack);
    bytes += pack.bytes;
    progress({ what: 'Verify', done: bytes, total: Math.max(share, bytes), unit: 'bytes' });
  }
  await rest();
  const bad = read.flatMap((pack) => pack.bad);
  const damage = [
    ...read.flatMap((pack) =>
      pack.whole !== null && pack.bad.length === 0
        ? [`pack ${pack.name} (no content is lost): ${pack.whole}`]
        : [],
    ),
    ...(await store.concludeReading(bad, signal)),
  ];
  return { packs: read.length, bytes, damage };
}
