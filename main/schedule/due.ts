const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Whether something that is done every so many hours is due. A clock that was set back is no reason to wait longer. */
export function isDue(now: number, last: number | null, everyHours: number | null): boolean {
  if (everyHours === null) return false;
  return last === null || last > now || now - last >= everyHours * HOUR;
}

/** A site and its automatic backups. */
export interface Turn<Id extends string> {
  readonly id: Id;
  /** null: not by itself. */
  readonly everyHours: number | null;
  /** When it was last backed up, for whatever reason; null: never. */
  readonly last: number | null;
  /** Tries in a row that failed, and when the last of them did. */
  readonly failures: number;
  readonly failedAt: number;
}

/**
 * Which sites are to be backed up now, the one that waits longest first. Each comes up to a tenth of its time early, always
 * the same for one site, so that a fleet that was begun together drifts apart. After a failure it waits a quarter of an hour, then four
 * times as long each time, at most as long as it would wait anyway.
 */
export function turnsDue<Id extends string>(now: number, turns: readonly Turn<Id>[]): Id[] {
  return turns
    .flatMap((turn) => {
      const { id, everyHours, last, failures, failedAt } = turn;
      if (everyHours === null) return [];
      const every = everyHours * HOUR;
      const early = Math.floor((every / 10) * shareOf(id));
      if (last !== null && last <= now && now - last < every - early) return [];
      const pause = failures === 0 ? 0 : Math.min(every, 15 * MINUTE * 4 ** Math.min(failures - 1, 10));
      if (failures > 0 && failedAt <= now && now - failedAt < pause) return [];
      return [{ id, since: last ?? 0 }];
    })
    .sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
}

/** A number from 0 to 1 that is always the same for a text: FNV-1a, mixed as MurmurHash3 ends. */
function shareOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/**
 * How much of a store is read back today, so that all of it is within so many days: a day's share for each day since the last
 * time. A day is kept in hand, because a share ends with a whole pack.
 * @param last when a share was last read, null: never
 * @returns bytes, and since when a pack must have been read to be passed over: none is read twice in a day
 */
export function shareToProve(
  now: number,
  store: { readonly bytes: number; readonly withinDays: number; readonly last: number | null },
): { bytes: number; notSince: number } {
  const { withinDays, last } = store;
  const passed = last === null || last > now ? 1 : Math.max(1, (now - last) / DAY);
  const share = Math.min(1, passed / Math.max(1, withinDays - 1));
  return { bytes: Math.ceil(store.bytes * share), notSince: now - DAY / 2 };
}

/** Whether a prune gives back so much that it is worth rewriting packs: a twentieth of the store, but at least 20 MB. */
export function isWorthPruning({
  freed,
  bytes,
}: {
  readonly freed: number;
  readonly bytes: number;
}): boolean {
  return freed >= Math.max(20_000_000, (freed + bytes) / 20);
}
