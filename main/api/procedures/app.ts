import { implement } from '@orpc/server';
import type { AppEvent } from '../contract.ts';
import { exportHistory } from '../../history/index.ts';
import { contract } from '../contract.ts';
import type { Services } from '../services.ts';

/** The app itself: what it is, what changes, what the user prefers. */
export function appProcedures(services: Services) {
  const api = implement(contract);
  const { keychain, settings, history } = services;
  return {
    app: {
      info: api.app.info.handler(() => ({
        ...services.info,
        keychain: { kind: keychain.kind, name: keychain.name, warning: keychain.warning },
      })),
      events: api.app.events.handler(async function* ({ signal }) {
        const waiting: AppEvent[] = [{ kind: 'sites' }];
        let wake = () => {};
        const off = services.events.on((event) => {
          // A window that lags behind needs only the last word about each run.
          const same =
            event.kind === 'run'
              ? waiting.findIndex((other) => other.kind === 'run' && other.run.id === event.run.id)
              : waiting.findIndex((other) => JSON.stringify(other) === JSON.stringify(event));
          if (same >= 0) waiting.splice(same, 1);
          waiting.push(event);
          wake();
        });
        const stop = () => wake();
        signal?.addEventListener('abort', stop);
        try {
          while (signal?.aborted !== true) {
            const event = waiting.shift();
            if (event) yield event;
            else
              await new Promise<void>((resolve) => {
                wake = resolve;
              });
          }
        } finally {
          off();
          signal?.removeEventListener('abort', stop);
        }
      }),
    },
    preferences: {
      get: api.preferences.get.handler(() => settings.get()),
      set: api.preferences.set.handler(async ({ input }) => {
        const preferences = settings.set(input);
        await history.add({
          siteId: null,
          siteName: null,
          runId: null,
          kind: 'settings',
          outcome: 'done',
          summary: `Settings were changed: ${Object.keys(input).join(', ')}.`,
        });
        return preferences;
      }),
    },
    platforms: {
      list: api.platforms.list.handler(() =>
        services.platforms.list().map(({ recipe }) => ({
          id: recipe.platform,
          name: recipe.name,
          updates: recipe.updates,
          leavesOut: recipe.backup.leaveOut,
        })),
      ),
    },
    history: {
      list: api.history.list.handler(async ({ input }) => {
        const [entries, kept] = await Promise.all([history.list(input), services.updates.kept.all()]);
        const undoable = new Set(kept.map(({ runId }) => runId));
        return entries.map((entry) => ({
          ...entry,
          undoable: entry.kind === 'update' && entry.runId !== null && undoable.has(entry.runId),
        }));
      }),
      check: api.history.check.handler(() => history.check()),
      exportAll: api.history.exportAll.handler(async ({ input: { format } }) => ({
        fileName: `groundskeeper-history.${format}`,
        text: exportHistory(await history.all(), format),
      })),
    },
  };
}
