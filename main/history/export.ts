import Papa from 'papaparse';
import type { HistoryEntry } from './entry.ts';

/** The audit trail in a format that outlives this program: JSON Lines with everything in them, or CSV for people. @param entries oldest first */
export function exportHistory(entries: readonly HistoryEntry[], format: 'jsonl' | 'csv'): string {
  if (format === 'jsonl') return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  return Papa.unparse(
    entries.map((entry) => ({ ...entry, at: new Date(entry.at).toISOString() })),
    // A summary that begins like a formula is no formula.
    { escapeFormulae: true, newline: '\n' },
  );
}
