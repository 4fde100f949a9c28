import { implement } from '@orpc/server';
import { parseTarget, run, sh, type Connection, type SecretsOf } from '../../connections/index.ts';
import type { Installation } from '../../platforms/index.ts';
import type { ConnectionSettings } from '../../sites/index.ts';
import { Problem, remotePath, type RemotePath } from '../../words/index.ts';
import { contract, type Secrets } from '../contract.ts';
import type { Services } from '../services.ts';
import { tryOut, type Lend } from './try-out.ts';

const NEVER = new AbortController().signal;

/** Trying a connection, confirming a host, finding what is on a server. */
export function connectionProcedures(services: Services) {
  const api = implement(contract).connections;
  const options = (signal: AbortSignal | undefined) => ({
    php: null,
    signal: signal ?? NEVER,
    now: services.clock(),
  });
  const lend = <T>(
    draft: { connection: ConnectionSettings; secrets: Secrets },
    signal: AbortSignal | undefined,
    work: (connection: Connection) => Promise<T>,
  ) => services.connections.use(draft.connection, givenSecrets(draft.secrets), signal ?? NEVER, work);
  return {
    parse: api.parse.handler(({ input }) => parseTarget(input.text, services.sshConfig())),
    configuredHosts: api.configuredHosts.handler(() => services.sshConfig().hosts()),
    test: api.test.handler(({ input, signal }) =>
      tryOut(services.clock, input.connection, (work) => lend(input, signal, work), signal),
    ),
    testSite: api.testSite.handler(({ input, signal }) => {
      const site = services.sites.get(input.siteId);
      const reach: Lend = (work) => services.reach(site, signal ?? NEVER, work);
      return tryOut(services.clock, site.connection, reach, signal);
    }),
    trust: api.trust.handler(async ({ input }) => {
      services.hostKeys.trust(input.key, input.replaces);
      const { host, port, fingerprint } = input.key;
      await services.history.add({
        siteId: null,
        siteName: null,
        runId: null,
        kind: 'host-trusted',
        outcome: 'done',
        summary: `The key ${fingerprint} of ${host}:${port} was ${input.replaces ? 'put in place of the one before' : 'confirmed'}.`,
      });
      return {};
    }),
    findInstallations: api.findInstallations.handler(({ input, signal }) =>
      lend(input, signal, async (connection) =>
        services.platforms.findAll(connection, await homeOf(connection, signal ?? NEVER), options(signal)),
      ),
    ),
    look: api.look.handler(({ input, signal }) =>
      lend(input, signal, async (connection) => {
        const root = await resolveRoot(connection, input.root, signal ?? NEVER);
        const found = await services.platforms.look(connection, { ...options(signal), root });
        // Over SFTP what is not known is any folder of files.
        return found ?? (connection.onlyFiles ? folderOfFiles(connection, root) : null);
      }),
    ),
  };
}

/** Secrets as they were typed, for a connection that is not stored. */
export function givenSecrets(secrets: Secrets): SecretsOf {
  return (hop) => ({
    password: async () => secrets.passwords.find((one) => one.hop === hop)?.password ?? null,
    passphrase: async () => secrets.passphrases.find((one) => one.hop === hop)?.passphrase ?? null,
  });
}

async function homeOf(connection: Connection, signal: AbortSignal): Promise<RemotePath> {
  if (connection.onlyFiles) return remotePath(await (await connection.files()).realPath('.'));
  const answered = await run(connection, sh`printf %s "$HOME"`, {
    attempted: 'Ask for the home folder',
    signal,
    timeLimit: 20_000,
  });
  return remotePath(answered.stdout.toString('utf8').replace(/\/+$/, '') || '/');
}

/** @throws Problem `no-such-root` */
async function folderOfFiles(connection: Connection, root: RemotePath): Promise<Installation> {
  const stat = await (await connection.files()).stat(root);
  if (stat?.kind === 'folder')
    return { root, platform: 'files', platformName: 'Files only', version: null, url: null, title: null };
  throw new Problem({
    code: 'no-such-root',
    message: `${root} is not a folder there.`,
    attempted: `Look at ${root} on ${connection.label}`,
    todo: 'Write the folder as the account sees it; it may begin at another place than in a shell.',
  });
}

/** A root as typed: `~/site` and relative paths begin at home; a trailing slash goes. */
async function resolveRoot(connection: Connection, typed: string, signal: AbortSignal): Promise<RemotePath> {
  const plain = typed.trim().replace(/\/+$/, '') || '/';
  if (plain.startsWith('/')) return remotePath(plain);
  const home = await homeOf(connection, signal);
  const below = plain.replace(/^~\/?/, '');
  return remotePath(below === '' ? home : `${home}/${below}`);
}
