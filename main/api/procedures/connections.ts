import { implement } from '@orpc/server';
import {
  ChangedHost,
  parseTarget,
  run,
  sh,
  UnknownHost,
  type Connection,
  type SecretsOf,
  type Trial,
} from '../../connections/index.ts';
import type { ConnectionSettings } from '../../sites/index.ts';
import { asProblem, isAbort, Problem, remotePath, type RemotePath } from '../../words/index.ts';
import { contract, type Secrets } from '../contract.ts';
import type { Services } from '../services.ts';

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
      tryOut(services, (work) => lend(input, signal, work), signal),
    ),
    testSite: api.testSite.handler(({ input, signal }) => {
      const site = services.sites.get(input.siteId);
      return tryOut(services, (work) => services.reach(site, signal ?? NEVER, work), signal);
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
        return services.platforms.look(connection, { ...options(signal), root });
      }),
    ),
  };
}

function givenSecrets(secrets: Secrets): SecretsOf {
  return (hop) => ({
    password: async () => secrets.passwords.find((one) => one.hop === hop)?.password ?? null,
    passphrase: async () => secrets.passphrases.find((one) => one.hop === hop)?.passphrase ?? null,
  });
}

type Lend = <T>(work: (connection: Connection) => Promise<T>) => Promise<T>;

async function tryOut(services: Services, lend: Lend, signal: AbortSignal | undefined): Promise<Trial> {
  const started = services.clock();
  try {
    return await lend(async (connection) => {
      const script = sh`id -un; uname -sm; printf '%s\n' "$HOME"; for php in php php8.4 php8.3 php8.2 php8.1 php8.0 php7.4; do command -v "$php" >/dev/null 2>&1 && { "$php" -r 'echo PHP_VERSION;' </dev/null; break; }; done; :`;
      const answered = await run(connection, script, {
        attempted: 'Ask the server who we are',
        signal: signal ?? NEVER,
        timeLimit: 20_000,
      });
      const [user = '', system = '', home = '', php = ''] = answered.stdout.toString('utf8').split('\n');
      if (answered.code !== 0 || user === '') {
        throw new Problem({
          code: 'no-shell',
          message: 'The login works, but this account may not run commands.',
          attempted: `Run \`id -un\` on ${connection.label}`,
          answered:
            answered.stderr.trim() || answered.stdout.toString('utf8').trim() || `exit code ${answered.code}`,
          todo: 'Ask the host for a shell (SSH access, not only SFTP).',
        });
      }
      return {
        outcome: 'ok' as const,
        user,
        system,
        home: remotePath(home || '/'),
        php: php === '' ? null : php,
        millis: services.clock() - started,
      };
    });
  } catch (error) {
    if (signal?.aborted === true && isAbort(error)) throw error;
    if (error instanceof UnknownHost) return { outcome: 'unknown-host', key: error.key };
    if (error instanceof ChangedHost) return { outcome: 'failed', problem: error.toJSON(), key: error.key };
    return { outcome: 'failed', problem: asProblem(error).toJSON() };
  }
}

async function homeOf(connection: Connection, signal: AbortSignal): Promise<RemotePath> {
  const answered = await run(connection, sh`printf %s "$HOME"`, {
    attempted: 'Ask for the home folder',
    signal,
    timeLimit: 20_000,
  });
  return remotePath(answered.stdout.toString('utf8').replace(/\/+$/, '') || '/');
}

/** A root as typed: `~/site` and relative paths begin at home; a trailing slash goes. */
async function resolveRoot(connection: Connection, typed: string, signal: AbortSignal): Promise<RemotePath> {
  const plain = typed.trim().replace(/\/+$/, '') || '/';
  if (plain.startsWith('/')) return remotePath(plain);
  const home = await homeOf(connection, signal);
  const below = plain.replace(/^~\/?/, '');
  return remotePath(below === '' ? home : `${home}/${below}`);
}
