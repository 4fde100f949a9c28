import type { Client, Preferences, Run, SiteSummary } from '../../api/index.ts';

/** At most one look at the whole list in this time, however much happens. */
const PACE = 500;
const RETRY = 1000;

export type Seen = {
  readonly sites: readonly SiteSummary[];
  readonly running: readonly Run[];
  readonly preferences: Preferences;
};

/**
 * Follows what happens in the app, for the tray and whatever else mirrors it, until `signal` says stop.
 * @param tell called with everything as it is, soon after each change.
 */
export async function watchApp(
  client: Client,
  signal: AbortSignal,
  tell: (seen: Seen) => void,
): Promise<void> {
  let timer: NodeJS.Timeout | null = null;

  async function look(): Promise<void> {
    const [sites, runs, preferences] = await Promise.all([
      client.sites.list({}),
      client.runs.list({ limit: 200 }),
      client.preferences.get({}),
    ]);
    tell({ sites, running: runs.filter(({ endedAt }) => endedAt === null), preferences });
  }

  function lookSoon(): void {
    timer ??= setTimeout(() => {
      timer = null;
      if (!signal.aborted) look().catch(() => lookSoon());
    }, PACE);
  }

  signal.addEventListener('abort', () => timer !== null && clearTimeout(timer));
  while (!signal.aborted) {
    try {
      for await (const _event of await client.app.events({}, { signal })) lookSoon();
    } catch {
      if (signal.aborted) return;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY));
  }
}
