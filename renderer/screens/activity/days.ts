import type { HistoryLine } from '../../../main/api/index.ts';

export type Day = { readonly at: number; readonly entries: HistoryLine[] };

/** Entries by the local day on which they happened; both in the order given. */
export function byDay(entries: readonly HistoryLine[]): Day[] {
  const days = new Map<number, Day>();
  for (const entry of entries) {
    const at = new Date(entry.at).setHours(0, 0, 0, 0);
    const day = days.get(at) ?? { at, entries: [] };
    day.entries.push(entry);
    days.set(at, day);
  }
  return [...days.values()];
}
