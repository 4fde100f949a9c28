import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Conf from 'conf';
import { openApp, type App } from '../../main/app.ts';
import type { Client } from '../../main/api/index.ts';
import type { Run } from '../../main/runs/index.ts';
import { confFiles, sessionKeychain } from '../../main/settings/index.ts';
import type { Site } from '../../main/sites/index.ts';
import { remotePath, type RunId } from '../../main/words/index.ts';
import { aTempFolder } from './folders.ts';
import type { SshHost } from './sshd.ts';
import type { WordPressOrg } from './wordpress-org.ts';
import type { WordPressSite } from './wordpress.ts';

/** The whole app, as every shell opens it, on a data folder of its own. */
export interface TestApp extends AsyncDisposable {
  readonly app: App;
  readonly client: Client;
  readonly dataFolder: string;
  /** Adds a site of the rig: confirms its server's key, then registers it. */
  add(
    site: Pick<WordPressSite, 'url' | 'root'>,
    host: Pick<SshHost, 'host' | 'port' | 'user' | 'key'>,
    name?: string,
    over?: 'shell' | 'sftp',
  ): Promise<Site>;
  /** The run's end. */
  ended(started: { runId: RunId }): Promise<Run>;
  /** Resolves when the run has begun a step. */
  reaches(started: { runId: RunId }, step: string): Promise<void>;
  check(site: Site): Promise<Run>;
  /** Updates plugins by slug, to the end. */
  update(site: Site, ...slugs: readonly string[]): Promise<Run>;
  close(): Promise<void>;
}

const RESOURCES = path.resolve(import.meta.dirname, '..', '..', 'resources');

/**
 * Opens the app on a folder (a fresh one when none is given), asking a stand-in for releases.
 * @param more what else it finds in its environment
 */
export async function anApp(
  org: WordPressOrg | null,
  folder?: string,
  more: Readonly<Record<string, string>> = {},
): Promise<TestApp> {
  const temp = folder === undefined ? aTempFolder('app') : null;
  const dataFolder = folder ?? temp?.path ?? '';
  const app = await openApp({
    dataFolder,
    shell: 'terminal',
    version: '0.0.0-test',
    environment: {
      ...more,
      ...(org === null
        ? {}
        : { GROUNDSKEEPER_WORDPRESS_API: org.api, GROUNDSKEEPER_WORDPRESS_DOWNLOADS: org.downloads }),
    },
    keychain: sessionKeychain(),
    files: confFiles(Conf, dataFolder),
    resourcesFolder: RESOURCES,
    stays: false,
  });
  const { client } = app;
  const ended = async ({ runId }: { runId: RunId }): Promise<Run> => {
    for await (const _line of await client.runs.follow({ runId })) {
      // Only the end matters.
    }
    return client.runs.show({ runId });
  };
  const close = async () => {
    await app.close();
    temp?.remove();
  };
  return {
    app,
    client,
    dataFolder,
    ended,
    close,
    [Symbol.asyncDispose]: close,
    async add(site, host, name = 'The bakery', over = 'shell') {
      const connection = {
        ...connectionTo(host),
        kind: over === 'sftp' ? ('sftp' as const) : ('ssh' as const),
      };
      const trial = await client.connections.test({ connection });
      if (trial.outcome === 'unknown-host') await client.connections.trust({ key: trial.key });
      return client.sites.add({
        draft: {
          name,
          url: site.url,
          platform: 'wordpress',
          root: remotePath(site.root),
          connection,
          tags: [],
          notes: '',
          settings: {},
        },
      });
    },
    async reaches({ runId }, step) {
      for (const until = Date.now() + 60_000; Date.now() < until; await wait(5)) {
        const { steps } = await client.runs.show({ runId });
        if (steps.some(({ name }) => name === step)) return;
      }
      throw new Error(`the run did not come to “${step}”`);
    },
    async check(site) {
      const { runIds } = await client.checks.start({ siteIds: [site.id], force: true });
      const [runId] = runIds;
      if (runId === undefined) throw new Error('no run');
      return ended({ runId });
    },
    async update(site, ...slugs) {
      const waiting = await client.updates.list({ siteId: site.id });
      const choices = slugs.map((slug) => ({
        slug,
        kind: waiting.find((update) => update.component.slug === slug)?.component.kind ?? ('plugin' as const),
      }));
      return ended(await client.updates.start({ siteId: site.id, choices }));
    },
  };
}

/** How the app logs in to a host of the rig. */
export function connectionTo(host: Pick<SshHost, 'host' | 'port' | 'user' | 'key'>) {
  return {
    kind: 'ssh' as const,
    host: host.host,
    port: host.port,
    user: host.user,
    authentication: { kind: 'key' as const, file: host.key.file },
  };
}
