import type { Authentication, ConnectionSettings, LostSite, Site } from '../../../main/api/index.ts';

export type LostState = 'lost' | 'anew' | 'here';
export type LostShow = 'all' | 'lost' | 'here';
/** One that is reached as its backups say. */
export type Bringable = LostSite & { readonly known: Site };

export function stateOf({ isHere, twin }: Pick<LostSite, 'isHere' | 'twin'>): LostState {
  return isHere ? 'here' : twin === null ? 'lost' : 'anew';
}

/** Whether it can come back without a question that is only about it. */
export function isBringable(lost: LostSite): lost is Bringable {
  return stateOf(lost) === 'lost' && lost.known !== null;
}

/** What is shown of them: what is not here yet comes first, then by name. */
export function arrangeLost(
  sites: readonly LostSite[],
  { search, show }: { readonly search: string; readonly show: LostShow },
  language: string,
): LostSite[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const { compare } = new Intl.Collator(language, { numeric: true, sensitivity: 'base' });
  return sites
    .filter((one) => (show === 'all' || one.isHere === (show === 'here')) && holds(one, words))
    .sort((a, b) => Number(a.isHere) - Number(b.isHere) || compare(a.name, b.name));
}

/** Everything between two rows, both included; what a click with Shift chooses. */
export function between(sites: readonly LostSite[], from: string | null, to: LostSite): LostSite[] {
  const [a, b] = [sites.findIndex(({ siteId }) => siteId === from), sites.indexOf(to)];
  return a < 0 ? [to] : sites.slice(Math.min(a, b), Math.max(a, b) + 1);
}

/** The same way with another proof; a folder on this computer needs none. */
export function signedInWith(
  connection: ConnectionSettings,
  authentication: Authentication | null,
): ConnectionSettings {
  return connection.kind === 'local' || authentication === null
    ? connection
    : { ...connection, authentication };
}

function holds({ name, known }: LostSite, words: readonly string[]): boolean {
  const host = known === null || known.connection.kind === 'local' ? '' : known.connection.host;
  const text = [name, known?.url ?? '', host, ...(known?.tags ?? [])].join('\n').toLowerCase();
  return words.every((word) => text.includes(word));
}
