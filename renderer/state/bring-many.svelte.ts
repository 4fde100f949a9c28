import { SvelteMap } from 'svelte/reactivity';
import type { Authentication, Client, LostSite, ProblemShape, RunId, Secrets } from '../../main/api/index.ts';
import { type Bringable, signedInWith } from '../screens/new-computer/lost-sites.ts';
import { problemOf } from '../transport/problem.ts';

/** So many sites are asked at a time. */
const AT_ONCE = 6;

/** How far one site is on its way back. */
export type OnItsWay =
  | { readonly at: 'waiting' | 'access' | 'settle' | 'stranger' }
  /** In the list; `told` is what the computer before had left there, where it had. */
  | { readonly at: 'here'; readonly told: string }
  | { readonly at: 'failed'; readonly problem: ProblemShape };

/** Many sites on their way back at once. It goes on while the user looks at something else. */
export class BringMany {
  readonly sites = new SvelteMap<LostSite['siteId'], OnItsWay>();
  busy = $state(false);
  total = $state(0);
  done = $state(0);
  #stopped = false;
  readonly #client: Client;
  readonly #toldHere: Set<RunId>;

  /** @param toldHere runs whose end nobody has to be told of anywhere else */
  constructor(client: Client, toldHere: Set<RunId>) {
    this.#client = client;
    this.#toldHere = toldHere;
  }

  /** @param authentication how one logs in everywhere; null: as before */
  async start(
    chosen: readonly Bringable[],
    authentication: Authentication | null,
    secrets: Secrets,
  ): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.#stopped = false;
    this.total = chosen.length;
    this.done = 0;
    for (const { siteId } of chosen) this.sites.set(siteId, { at: 'waiting' });
    const waiting = [...chosen];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        if (this.#stopped) this.sites.delete(next.siteId);
        else this.sites.set(next.siteId, await this.#bring(next, authentication, secrets));
        this.done += 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    this.busy = false;
  }

  /** What has not begun yet does not begin any more. */
  stop(): void {
    this.#stopped = true;
  }

  async #bring(
    { siteId, known }: Bringable,
    authentication: Authentication | null,
    secrets: Secrets,
  ): Promise<OnItsWay> {
    const { emergency, runs } = this.#client;
    try {
      this.sites.set(siteId, { at: 'access' });
      const connection = signedInWith(known.connection, authentication);
      const trial = await emergency.tryAccess({ siteId, connection, secrets });
      if (trial.outcome === 'unknown-host') return { at: 'stranger' };
      if (trial.outcome === 'failed') return { at: 'failed', problem: trial.problem };
      await emergency.bringSite({ siteId, draft: { ...known, connection }, secrets });
      this.sites.set(siteId, { at: 'settle' });
      const { runId } = await emergency.settle({ siteId });
      this.#toldHere.add(runId);
      for await (const _line of await runs.follow({ runId })) {
        // Only its end matters here.
      }
      const { problem, state, summary } = await runs.show({ runId });
      if (problem !== null) return { at: 'failed', problem };
      return { at: 'here', told: state === 'done' ? '' : summary };
    } catch (thrown) {
      return { at: 'failed', problem: problemOf(thrown) };
    }
  }
}
