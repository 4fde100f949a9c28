import type { SiteSummary } from '../../../main/api/index.ts';

export type SortKey = 'name' | 'version' | 'waiting' | 'backup' | 'checked';
export type Show = 'all' | 'waiting' | 'failed' | 'working';

export type View = {
  readonly search: string;
  readonly tag: string | null;
  readonly show: Show;
  readonly sort: { readonly key: SortKey; readonly down: boolean };
};

/** The sites that a view shows, in its order. */
export function arrange(sites: readonly SiteSummary[], view: View, language: string): SiteSummary[] {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = sites.filter(
    (one) =>
      (view.show === 'all' || one.state === view.show) &&
      (view.tag === null || one.site.tags.includes(view.tag)) &&
      words.every((word) => holds(one, word)),
  );
  const order = orderOf(view.sort.key, new Intl.Collator(language, { numeric: true, sensitivity: 'base' }));
  const turn = view.sort.down ? -1 : 1;
  return shown.sort((a, b) => turn * order(a, b) || a.site.name.localeCompare(b.site.name));
}

/** How many sites are in each state. */
export function countStates(sites: readonly SiteSummary[]): Record<Show, number> {
  const counts = { all: sites.length, waiting: 0, failed: 0, working: 0 };
  for (const { state } of sites) if (state in counts) counts[state as Show] += 1;
  return counts;
}

/** Ids of everything between two rows, both included; what a click with Shift chooses. */
export function between(sites: readonly SiteSummary[], from: string, to: string): string[] {
  const ids: string[] = sites.map(({ site }) => site.id);
  const [a, b] = [ids.indexOf(from), ids.indexOf(to)];
  if (a < 0 || b < 0) return [to];
  return ids.slice(Math.min(a, b), Math.max(a, b) + 1);
}

function holds({ site }: SiteSummary, word: string): boolean {
  return (
    site.name.toLowerCase().includes(word) ||
    site.url.toLowerCase().includes(word) ||
    site.tags.some((tag) => tag.toLowerCase().includes(word)) ||
    (site.connection.kind !== 'local' && site.connection.host.toLowerCase().includes(word))
  );
}

type Order = (a: SiteSummary, b: SiteSummary) => number;

function orderOf(key: SortKey, collator: Intl.Collator): Order {
  switch (key) {
    case 'name':
      return (a, b) => collator.compare(a.site.name, b.site.name);
    case 'version':
      return (a, b) => collator.compare(a.coreVersion ?? '', b.coreVersion ?? '');
    case 'waiting':
      return (a, b) => weight(a) - weight(b);
    case 'backup':
      return (a, b) => (a.backedUpAt ?? 0) - (b.backedUpAt ?? 0);
    case 'checked':
      return (a, b) => (a.checkedAt ?? 0) - (b.checkedAt ?? 0);
  }
}

/** What needs a person first: trouble, then security, then how much waits. */
function weight(one: SiteSummary): number {
  return (one.state === 'failed' ? 1e6 : 0) + one.waiting.security * 1000 + one.waiting.total;
}
