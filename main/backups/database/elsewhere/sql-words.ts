/** One piece of a statement. `space` stands for comments as well. `text` is as it was written; a name's without its backticks. */
export interface SqlWord {
  readonly kind: 'name' | 'string' | 'word' | 'mark' | 'space';
  readonly text: string;
}

/** MySQL 5.7: what is meant for it or older runs on every server that is met. */
const EVERYWHERE = 50_700;
const SHAPE =
  /(?<name>`(?:[^`]|``)+`)|(?<string>'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^]|"")*")|(?<open>\/\*M?!(?<version>\d{5,6})?)|(?<close>\*\/)|(?<comment>\/\*(?!M?!)[^]*?\*\/|--(?=\s)[^\n]*(?:\n|$)|#[^\n]*(?:\n|$))|(?<space>\s+)|(?<word>[\w$\u0080-\uffff]+)|(?<mark>[^])/gy;

/**
 * Takes a statement apart as every server does: what is meant for some versions only may hold no quotes, or it could begin a text for one server and end
 * a comment for another.
 * @returns null where that cannot be told
 */
export function sqlWords(statement: string): SqlWord[] | null {
  const words: SqlWord[] = [];
  let inside: 'all' | 'some' | null = null;
  SHAPE.lastIndex = 0;
  while (SHAPE.lastIndex < statement.length) {
    const found = SHAPE.exec(statement)?.groups;
    if (found === undefined) return null;
    const { name, string, open, version, close, comment, space, word, mark } = found;
    if (open !== undefined) {
      if (inside !== null) return null;
      const all = version === undefined || (Number(version) <= EVERYWHERE && !open.includes('M'));
      inside = all ? 'all' : 'some';
      words.push({ kind: 'space', text: all ? ' ' : open });
    } else if (close !== undefined) {
      if (inside === null) return null;
      words.push({ kind: 'space', text: inside === 'all' ? ' ' : '*/' });
      inside = null;
    } else if (inside === 'some' && (name !== undefined || string !== undefined || comment !== undefined))
      return null;
    else if (name !== undefined) words.push({ kind: 'name', text: name.slice(1, -1).replaceAll('``', '`') });
    else if (string !== undefined) words.push({ kind: 'string', text: string });
    else if (comment !== undefined) {
      // The end of a comment within what is meant for some versions ends that first.
      if (inside !== null) return null;
      words.push({ kind: 'space', text: ' ' });
    } else if (space !== undefined) words.push({ kind: 'space', text: space });
    else if (word !== undefined) words.push({ kind: 'word', text: word });
    else if (mark === "'" || mark === '"' || mark === '`') return null;
    else words.push({ kind: 'mark', text: mark ?? '' });
  }
  return inside === null ? words : null;
}

/** A statement again. Names stand in backticks. */
export function writtenSql(words: readonly SqlWord[]): string {
  return words
    .map(({ kind, text }) => (kind === 'name' ? nameSql(text) : text))
    .join('')
    .trim();
}

export function nameSql(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
