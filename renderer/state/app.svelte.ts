import { createORPCClient } from '@orpc/client';
import { createContext } from 'svelte';
import type {
  AppEvent,
  AppInfo,
  Client,
  Preferences,
  Run,
  RunId,
  SiteSummary,
} from '../../main/api/index.ts';
import { problemOf } from '../transport/problem.ts';
import type { Presence, Transport } from '../transport/transport.ts';
import { t } from '../words/words.svelte.ts';
import { BringMany } from './bring-many.svelte.ts';
import { Events } from './events.ts';
import { LostView } from './lost-view.svelte.ts';
import { Notices } from './notices.svelte.ts';
import { paced } from './paced.ts';
import { type Route, hashOf, routeOf } from './routes.ts';
import { SitesView } from './sites-view.svelte.ts';

/** At most one question for the whole list in this time, however many sites change. */
const LIST_PACE = 400;

/** What every screen needs: the client, what is always shown, and where the user is. */
export class App {
  readonly client: Client;
  readonly events = new Events();
  readonly notices = new Notices();
  readonly sitesView = new SitesView();
  readonly lostView = new LostView();
  readonly bringing: BringMany;
  /** Runs whose end is told where they were begun, not in a notice. */
  readonly #toldElsewhere = new Set<RunId>();

  presence = $state<Presence>('connecting');
  route = $state.raw<Route>(routeOf(location.hash));
  info = $state.raw<AppInfo | null>(null);
  preferences = $state.raw<Preferences | null>(null);
  sites = $state.raw<readonly SiteSummary[] | null>(null);
  runs = $state.raw<ReadonlyMap<string, Run>>(new Map());
  paletteOpen = $state(false);

  readonly tags = $derived(
    [...new Set(this.sites?.flatMap(({ site }) => site.tags) ?? [])].sort((a, b) => a.localeCompare(b)),
  );
  readonly running = $derived(
    [...this.runs.values()]
      .filter((run) => run.endedAt === null && run.state !== 'interrupted')
      .sort((a, b) => a.createdAt - b.createdAt),
  );
  /** Cut off in the middle: neither done nor undone yet. */
  readonly interrupted = $derived([...this.runs.values()].filter((run) => run.state === 'interrupted'));

  /** Many sites may come or go at once. */
  readonly #loadAll = paced(
    () => void this.try(() => Promise.all([this.#loadSites(), this.loadBasics()])),
    LIST_PACE,
  );
  #listTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(transport: Transport) {
    this.client = createORPCClient<Client>(transport.link);
    this.bringing = new BringMany(this.client, this.#toldElsewhere);
    transport.watch((presence) => (this.presence = presence));
    window.addEventListener('hashchange', () => (this.route = routeOf(location.hash)));
    this.events.listen((event) => this.#hear(event));
    void this.events.follow(this.client, new AbortController().signal);
  }

  go(route: Route): void {
    location.hash = hashOf(route);
  }

  site(id: string | null): SiteSummary | undefined {
    return this.sites?.find(({ site }) => site.id === id);
  }

  /** Does something; what goes wrong is told in a notice. @returns null when it did. */
  async try<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (thrown) {
      this.notices.problem(problemOf(thrown));
      return null;
    }
  }

  async loadBasics(): Promise<void> {
    const [info, preferences, recent] = await Promise.all([
      this.client.app.info({}),
      this.client.preferences.get({}),
      this.client.runs.list({ limit: 100 }),
    ]);
    this.info = info;
    this.preferences = preferences;
    this.runs = new Map(recent.map((run) => [run.id, run]));
  }

  async #loadSites(): Promise<void> {
    this.sites = await this.client.sites.list({});
  }

  #loadSitesSoon(): void {
    if (this.#listTimer !== undefined) return;
    this.#listTimer = setTimeout(() => {
      this.#listTimer = undefined;
      void this.try(() => this.#loadSites());
    }, LIST_PACE);
  }

  #hear(event: AppEvent): void {
    switch (event.kind) {
      case 'sites':
        this.#loadAll();
        break;
      case 'site':
        this.#loadSitesSoon();
        break;
      case 'run':
        this.#hearRun(event.run);
        break;
      case 'preferences':
        void this.try(async () => (this.preferences = await this.client.preferences.get({})));
        break;
      case 'go':
        this.route = routeOf(event.to);
        location.hash = hashOf(this.route);
        break;
      case 'backups':
      case 'copies':
        break;
    }
  }

  #hearRun(run: Run): void {
    const before = this.runs.get(run.id);
    this.runs = new Map(this.runs).set(run.id, run);
    const justEnded = run.endedAt !== null && before?.endedAt === null;
    if (!justEnded || this.#toldElsewhere.delete(run.id)) return;
    if (this.route.screen === 'run' && this.route.id === run.id) return;
    const show = { label: t('notice.show'), run: () => this.go({ screen: 'run', id: run.id }) };
    const text = titleWithSite(run);
    if (run.state === 'failed' || run.state === 'interrupted') {
      this.notices.say(text, { tone: 'failed', detail: run.problem?.message ?? run.summary, action: show });
    } else if (run.state === 'rolled-back') {
      this.notices.say(text, { tone: 'waiting', detail: run.summary, action: show });
    } else if (run.state === 'done' && run.kind !== 'check') {
      this.notices.say(text, { tone: 'ok', detail: t('run.state.done'), action: show });
    }
  }
}

/** A run's title with its site's name before it, unless the title says it already. */
export function titleWithSite({ title, siteName }: Pick<Run, 'title' | 'siteName'>): string {
  return siteName === null || title.includes(siteName) ? title : `${siteName}: ${title}`;
}

export const [getApp, setApp] = createContext<App>();
