import type { LostShow } from '../screens/new-computer/lost-sites.ts';

/** How the list of lost sites is looked at; kept while the window lives, so that going back finds it as it was. */
export class LostView {
  search = $state('');
  show = $state<LostShow>('all');
  /** Ids of the chosen sites. */
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  scrollTop = 0;
}
