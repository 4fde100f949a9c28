import type {
  Assessment,
  ConnectionSettings,
  LostSite,
  ProblemShape,
  RemotePath,
  Run,
  RunId,
  Secrets,
  SiteDraft,
  Trial,
} from '../../../main/api/index.ts';
import type { App } from '../../state/app.svelte.ts';
import { problemOf } from '../../transport/problem.ts';
import { NO_SECRETS } from '../add-site/secrets.ts';

const UNSAID: ConnectionSettings = {
  ...{ kind: 'ssh', host: '', port: 22, user: '', authentication: { kind: 'agent' }, jump: [] },
  configHost: null,
};

/** One site on its way back: access, its place in the list, what the lost computer left on it, and how it is. */
export class Recovery {
  connection = $state<ConnectionSettings>(UNSAID);
  secrets = $state<Secrets>(structuredClone(NO_SECRETS));
  root = $state('');
  url = $state('');
  platform = $state('wordpress');
  trial = $state.raw<Trial | null>(null);
  /** What it waits for; null: for the user. */
  at = $state<'access' | 'settle' | 'assess' | null>(null);
  settling = $state<RunId | null>(null);
  settled = $state.raw<Run | null>(null);
  assessment = $state.raw<Assessment | null>(null);
  problem = $state.raw<ProblemShape | null>(null);
  readonly #app: App;
  readonly #lost: LostSite;

  constructor(app: App, lost: LostSite) {
    this.#app = app;
    this.#lost = lost;
    const { known } = lost;
    if (known === null) return;
    this.connection = structuredClone(known.connection);
    this.root = known.root;
    this.url = known.url;
    this.platform = known.platform;
  }

  /** Tries the access; where that works the site comes into the list, and is asked. */
  bring(): Promise<void> {
    return this.#do('access', async (client) => {
      const { siteId } = this.#lost;
      const access = {
        connection: $state.snapshot(this.connection),
        secrets: $state.snapshot(this.secrets),
      };
      this.trial = await client.emergency.tryAccess({ siteId, ...access });
      if (this.trial.outcome !== 'ok') return;
      const draft = this.#draft(access.connection);
      await client.emergency.bringSite({ siteId, draft, secrets: access.secrets });
      await this.#ask(client);
    });
  }

  /** A site that was added anew goes on with these backups. */
  adopt(twin: NonNullable<LostSite['twin']>): Promise<void> {
    return this.#do('access', async (client) => {
      await client.emergency.adopt({ siteId: this.#lost.siteId, as: twin });
      await this.#ask(client);
    });
  }

  /** Asks a site that is in the list already. */
  ask(): Promise<void> {
    return this.#do('settle', (client) => this.#ask(client));
  }

  async restore(database: boolean): Promise<void> {
    const { backup } = this.assessment ?? {};
    if (!backup) return;
    await this.#app.try(async () => {
      const { runId } = await this.#app.client.backups.restore({
        ...{ backupId: backup.id, to: { kind: 'site' as const }, database },
      });
      this.#app.go({ screen: 'run', id: runId });
    });
  }

  async #ask(client: App['client']): Promise<void> {
    const { siteId } = this.#lost;
    this.settled = null;
    this.assessment = null;
    this.at = 'settle';
    const { runId } = await client.emergency.settle({ siteId });
    this.settling = runId;
    for await (const _line of await client.runs.follow({ runId })) {
      // Only its end matters; the strip shows the rest.
    }
    this.settled = await client.runs.show({ runId });
    this.settling = null;
    // While that run may live, nobody else touches the site.
    if (this.settled.problem?.code === 'site-busy') return;
    this.at = 'assess';
    this.assessment = await client.emergency.assess({ siteId });
  }

  #draft(connection: ConnectionSettings): SiteDraft {
    const { known, name } = this.#lost;
    const given = { url: this.url, root: this.root as RemotePath, platform: this.platform, connection };
    if (known !== null) return { ...known, ...given };
    return {
      ...given,
      ...{ name, tags: [], notes: '' },
      settings: {
        ...{ php: null, probePaths: [], allowVersionControl: false },
        judging: { slowerTimes: null, wordsLost: 60, pictureDiffers: 85, pictures: true },
        backups: { every: null, keep: null, leaveOut: [], take: [], largerThanMb: null },
      },
    };
  }

  async #do(at: 'access' | 'settle', work: (client: App['client']) => Promise<void>): Promise<void> {
    if (this.at !== null) return;
    this.at = at;
    this.problem = null;
    try {
      await work(this.#app.client);
    } catch (thrown) {
      this.problem = problemOf(thrown);
    } finally {
      this.at = null;
      this.settling = null;
    }
  }
}
