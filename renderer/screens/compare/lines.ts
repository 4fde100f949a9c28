import { diffArrays } from 'diff';

export interface Line {
  readonly number: number;
  readonly text: string;
}

/** One row of two texts side by side; `gap`: lines that are the same in both and far from any that differ. */
export type Row =
  | { readonly kind: 'same'; readonly old: Line; readonly now: Line }
  | { readonly kind: 'changed'; readonly old: Line | null; readonly now: Line | null }
  | { readonly kind: 'gap'; readonly rows: readonly Row[] };

/** Lines that are shown around those that differ. */
const AROUND = 3;
/** How far apart two texts may be, in lines: what costs more than a moment is not worth reading. */
const MOST_APART = 3000;
/** A line of a minified file says nothing, and costs a lot to lay out. */
const LONGEST = 2000;

/** Two texts side by side; null: too far apart to be shown. Plain data, for text nodes only. */
export function sideBySide(old: string, now: string): Row[] | null {
  const parts = diffArrays(linesOf(old), linesOf(now), { maxEditLength: MOST_APART });
  if (parts === undefined) return null;
  const rows: Row[] = [];
  let oldNumber = 1;
  let nowNumber = 1;
  for (let at = 0; at < parts.length; at += 1) {
    const part = parts[at];
    if (part === undefined) continue;
    if (!part.added && !part.removed) {
      const same = part.value.map((line): Row => ({
        kind: 'same',
        old: { number: oldNumber++, text: shown(line) },
        now: { number: nowNumber++, text: shown(line) },
      }));
      rows.push(...folded(same, at > 0, at < parts.length - 1));
      continue;
    }
    const next = parts[at + 1];
    const pair = next && (next.added || next.removed) ? next : null;
    if (pair) at += 1;
    const gone = part.removed ? part.value : (pair?.value ?? []);
    const come = part.added ? part.value : (pair?.value ?? []);
    for (let line = 0; line < Math.max(gone.length, come.length); line += 1) {
      const [was, is] = [gone[line], come[line]];
      const alike = was !== undefined && is !== undefined && shown(was) === shown(is);
      rows.push({
        kind: 'changed',
        old: was === undefined ? null : { number: oldNumber++, text: shown(was, alike) },
        now: is === undefined ? null : { number: nowNumber++, text: shown(is, alike) },
      });
    }
  }
  return rows;
}

/** Lines with what ends them. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function folded(rows: readonly Row[], before: boolean, after: boolean): Row[] {
  const head = before ? AROUND : 0;
  const tail = after ? AROUND : 0;
  if (rows.length <= head + tail + 1) return [...rows];
  const end = rows.length - tail;
  return [...rows.slice(0, head), { kind: 'gap', rows: rows.slice(head, end) }, ...rows.slice(end)];
}

/** A line as it is shown: what is unseen but steers how text is read becomes seen. `endings`: what ends it as well. */
function shown(line: string, endings = false): string {
  const text = endings ? line.replace('\r', '␍').replace('\n', '␊') : line.replace(/\r?\n$/, '');
  const seen = text.replace(
    // eslint-disable-next-line no-control-regex -- control characters are what is replaced
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
    (char) => `‹${char.charCodeAt(0).toString(16).padStart(4, '0')}›`,
  );
  return seen.length > LONGEST ? `${seen.slice(0, LONGEST)}…` : seen;
}
