import type { SortKey, Show } from '../screens/sites/arrange.ts';

/** How the list of sites is looked at; kept while the window lives, so that going back finds it as it was. */
export class SitesView {
  search = $state('');
  tag = $state<string | null>(null);
  show = $state<Show>('all');
  sort = $state<{ key: SortKey; down: boolean }>({ key: 'name', down: false });
  /** Ids of the chosen sites. */
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  scrollTop = 0;
}
