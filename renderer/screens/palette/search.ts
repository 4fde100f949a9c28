export type Item = {
  readonly id: string;
  readonly label: string;
  /** Shown beside it and searched as well. */
  readonly note: string;
  readonly group: 'command' | 'site';
  readonly run: () => void;
};

/** The best matches first: a label that begins so, then a word that does, then anything that holds all words. */
export function search(items: readonly Item[], text: string, most: number): Item[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return items.slice(0, most);
  const scored: { item: Item; score: number }[] = [];
  for (const item of items) {
    let total = 0;
    for (const word of words) {
      const score = scoreOf(item, word);
      if (score === 0) {
        total = 0;
        break;
      }
      total += score;
    }
    if (total > 0) scored.push({ item, score: total });
  }
  return scored
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ item }) => item);
}

function scoreOf(item: Item, word: string): number {
  const label = item.label.toLowerCase();
  if (label.startsWith(word)) return 4;
  if (label.includes(` ${word}`)) return 3;
  if (label.includes(word)) return 2;
  return item.note.toLowerCase().includes(word) ? 1 : 0;
}
