import { createHash } from 'node:crypto';
import type { HistoryEntry } from './entry.ts';

/** What the first entry follows. */
export const BEGINNING = '0'.repeat(64);

/** What of an entry its link covers, in this order; docs/audit-trail.md says so to whoever checks it elsewhere. */
type Linked = Omit<HistoryEntry, 'link'>;

/**
 * The link of an entry: SHA-256 (hex) over the link of the entry before it and everything that the entry says. Whoever changes, removes or
 * inserts one has to make every later link anew.
 */
export function linkOf(previous: string, entry: Linked): string {
  const { id, at, siteId, siteName, runId, kind, outcome, summary, evidence } = entry;
  const text = JSON.stringify([previous, id, at, siteId, siteName, runId, kind, outcome, summary, evidence]);
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** What checking the audit trail found. */
export interface Checked {
  readonly entries: number;
  /** The link of the newest entry: noted elsewhere, it proves later that none before it is missing. */
  readonly head: string;
  /** The first entry that does not follow from the one before it, and why; null: all do. */
  readonly broken: { readonly id: number; readonly why: 'changed' | 'missing-before' } | null;
}

/** Follows the links from the first entry to the last. @param entries oldest first */
export function checkLinks(entries: Iterable<HistoryEntry>): Checked {
  let head = BEGINNING;
  let count = 0;
  let last = 0;
  let broken: Checked['broken'] = null;
  for (const entry of entries) {
    count += 1;
    if (broken === null && linkOf(head, entry) !== entry.link)
      broken = { id: entry.id, why: entry.id === last + 1 ? 'changed' : 'missing-before' };
    head = entry.link;
    last = entry.id;
  }
  return { entries: count, head, broken };
}
