import type {
  ConnectionSettings,
  Installation,
  ProblemShape,
  Secrets,
  SiteDraft,
  Trial,
} from '../../../main/api/index.ts';
import type { App } from '../../state/app.svelte.ts';
import { problemOf } from '../../transport/problem.ts';
import { NO_SECRETS } from './secrets.ts';

export type Stage = 'server' | 'sign-in' | 'choose' | 'names';
export const STAGES: readonly Stage[] = ['server', 'sign-in', 'choose', 'names'];

export type Named = { installation: Installation; name: string; url: string };

/** What the user has said so far on the way to new sites, and the questions that lie between the stages. */
export class Wizard {
  stage = $state<Stage>('server');
  text = $state('');
  connection = $state<ConnectionSettings | null>(null);
  secrets = $state<Secrets>(structuredClone(NO_SECRETS));
  trial = $state.raw<Trial | null>(null);
  found = $state.raw<readonly Installation[] | null>(null);
  /** Roots of the installations that are taken. */
  taken = $state.raw<ReadonlySet<string>>(new Set());
  named = $state<Named[]>([]);
  tags = $state<string[]>([]);
  problem = $state.raw<ProblemShape | null>(null);
  busy = $state(false);
  readonly #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  /** Reads what was pasted. */
  read(text: string): Promise<void> {
    return this.#ask(async (client) => {
      this.connection = await client.connections.parse({ text });
      this.trial = null;
      this.stage = 'sign-in';
    });
  }

  test(): Promise<void> {
    return this.#ask(async (client) => {
      const draft = this.#draft();
      this.trial = null;
      this.trial = await client.connections.test(draft);
      if (this.trial.outcome === 'ok') await this.#look();
    });
  }

  /** An account that turned out to have no shell. */
  overSftp(): Promise<void> {
    if (this.connection?.kind === 'ssh') this.connection = { ...this.connection, kind: 'sftp' };
    return this.test();
  }

  /** A folder that the user names. */
  lookIn(root: string): Promise<void> {
    return this.#ask(async (client) => {
      const one = await client.connections.look({ ...this.#draft(), root });
      const installation: Installation = one ?? {
        root: root as Installation['root'],
        platform: 'files',
        platformName: 'Files',
        version: null,
        url: null,
        title: null,
      };
      this.found = [...(this.found ?? []).filter(({ root: had }) => had !== installation.root), installation];
      this.taken = new Set(this.taken).add(installation.root);
    });
  }

  toggle(root: string): void {
    const next = new Set(this.taken);
    if (!next.delete(root)) next.add(root);
    this.taken = next;
  }

  nameThem(): void {
    this.named = (this.found ?? [])
      .filter(({ root }) => this.taken.has(root))
      .map((installation) => ({
        installation,
        name:
          installation.title ??
          hostOf(installation.url) ??
          installation.root.split('/').filter(Boolean).at(-1) ??
          '',
        url: installation.url ?? '',
      }));
    this.stage = 'names';
  }

  /** Adds every named site; what went in before a failure stays in. */
  add(): Promise<void> {
    return this.#ask(async (client) => {
      const { connection, secrets } = this.#draft();
      const ids = [];
      for (const { installation, name, url } of [...this.named]) {
        const draft: SiteDraft = {
          name,
          url,
          platform: installation.platform,
          root: installation.root,
          connection,
          tags: $state.snapshot(this.tags),
          notes: '',
          settings: {
            php: null,
            probePaths: [],
            judging: { slowerTimes: null, wordsLost: 60, pictureDiffers: 85, pictures: true },
            allowVersionControl: false,
            backups: { every: null, keep: null, leaveOut: [], take: [], largerThanMb: null },
          },
        };
        const site = await client.sites.add({ draft, secrets });
        ids.push(site.id);
        this.named = this.named.filter((one) => one.installation.root !== installation.root);
      }
      await client.checks.start({ siteIds: ids });
      const [first] = ids;
      this.#app.go(
        ids.length === 1 && first ? { screen: 'site', id: first, tab: 'overview' } : { screen: 'sites' },
      );
    });
  }

  back(): void {
    this.problem = null;
    this.stage = STAGES[Math.max(0, STAGES.indexOf(this.stage) - 1)] ?? 'server';
  }

  async #look(): Promise<void> {
    this.found = null;
    this.stage = 'choose';
    this.found = await this.#app.client.connections.findInstallations(this.#draft());
    const known = new Set(this.#app.sites?.map(({ site }) => `${hostIn(site.connection)} ${site.root}`));
    const host = this.connection === null ? '' : hostIn(this.connection);
    this.taken = new Set(this.found.map(({ root }) => root).filter((root) => !known.has(`${host} ${root}`)));
  }

  #draft(): { connection: ConnectionSettings; secrets: Secrets } {
    if (this.connection === null) throw new Error('No connection was chosen yet.');
    return { connection: $state.snapshot(this.connection), secrets: $state.snapshot(this.secrets) };
  }

  async #ask(work: (client: App['client']) => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = null;
    try {
      await work(this.#app.client);
    } catch (thrown) {
      this.problem = problemOf(thrown);
    } finally {
      this.busy = false;
    }
  }
}

function hostOf(url: string | null): string | null {
  return url === null ? null : (url.replace(/^https?:\/\/(www\.)?/, '').split('/')[0] ?? null);
}

function hostIn(connection: ConnectionSettings): string {
  return connection.kind === 'local' ? 'local' : `${connection.user}@${connection.host}:${connection.port}`;
}
