import type { Duplex } from 'node:stream';
import type { Client, ConnectConfig, ServerHostKeyAlgorithm } from 'ssh2';
import type { SshHop } from '../../sites/index.ts';
import { Problem, wordsOf } from '../../words/index.ts';
import type { UnknownHostKey } from '../trial.ts';
import { methodsFor, type HopSecrets } from './authenticate.ts';
import type { HostKeys, HostKeyVerdict } from './host-keys.ts';
import { ssh2 } from './ssh2.ts';

export interface ConnectOptions {
  readonly hostKeys: HostKeys;
  /** 0 is the site's own server, 1… the jump hosts in order. */
  secretsOf(hop: number): HopSecrets;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** In milliseconds, for each hop. @see ConnectionLimits */
  readonly limits: { readonly connect: number; readonly silence: number };
}

/** Signs of life that a server may owe us before it counts as gone. */
const SIGNS = 3;

/** A host whose key nobody has confirmed; `key` is what to show. */
export class UnknownHost extends Problem {
  readonly key: UnknownHostKey;
  constructor(key: UnknownHostKey) {
    super({
      code: 'host-unknown',
      message: `${key.host}:${key.port} has not been confirmed yet.`,
      attempted: `Connect to ${key.host}:${key.port}`,
      answered: `It shows the ${key.type} key ${key.fingerprint}.`,
      todo: 'Compare this fingerprint with the one that the host publishes, then confirm it (--accept-host-key in the terminal).',
    });
    this.key = key;
  }
}

/** A host that shows another key than the one that was confirmed; nothing was sent to it. */
export class ChangedHost extends Problem {
  readonly key: UnknownHostKey;
  constructor(problem: Problem, key: UnknownHostKey) {
    super(problem.toJSON(), problem);
    this.key = key;
  }
}

/**
 * Connects through all jump hosts to the last hop. Each hop's key is judged before anything secret is sent to it.
 * @returns the clients, the site's own last. Ending the first ends all.
 */
export async function connectThrough(hops: readonly SshHop[], options: ConnectOptions): Promise<Client[]> {
  const clients: Client[] = [];
  try {
    for (const [index, hop] of hops.entries()) {
      const before = clients.at(-1);
      const sock = before ? await tunnel(before, hop) : undefined;
      const isLast = index === hops.length - 1;
      clients.push(await connectHop(hop, isLast ? 0 : index + 1, sock, options));
    }
    return clients;
  } catch (error) {
    for (const client of clients) client.end();
    throw error;
  }
}

async function connectHop(
  hop: SshHop,
  which: number,
  sock: Duplex | undefined,
  options: ConnectOptions,
): Promise<Client> {
  options.signal.throwIfAborted();
  const methods = await methodsFor(hop, options.secretsOf(which), options.environment);
  const client = new ssh2.Client();
  // A client that is destroyed while it connects has one more error to tell; nobody listening would end the app.
  client.on('error', () => {});
  let refusal: Problem | null = null;
  const config: ConnectConfig = {
    host: hop.host,
    port: hop.port,
    username: hop.user,
    readyTimeout: options.limits.connect,
    keepaliveInterval: Math.ceil(options.limits.silence / SIGNS),
    keepaliveCountMax: SIGNS,
    algorithms: {
      serverHostKey: {
        prepend: wishes(options.hostKeys.knownTypes(hop.host, hop.port)),
        append: [],
        remove: [],
      },
    },
    authHandler: [...methods],
    hostVerifier: (key: Buffer) => {
      try {
        const verdict = options.hostKeys.judge(hop.host, hop.port, key);
        if (verdict.verdict === 'trusted') return true;
        refusal = refusalOf(verdict);
      } catch (error) {
        refusal =
          error instanceof Problem ? error : new Problem({ code: 'defect', message: wordsOf(error) }, error);
      }
      return false;
    },
    ...(sock ? { sock } : {}),
  };
  return new Promise<Client>((resolve, reject) => {
    const stop = () => {
      client.destroy();
      reject(new Problem({ code: 'cancelled', message: 'Cancelled.' }));
    };
    options.signal.addEventListener('abort', stop, { once: true });
    const over = () => options.signal.removeEventListener('abort', stop);
    client.once('ready', () => {
      over();
      // Nagle's algorithm and delayed acknowledgements cost 0.18 s for each small answer otherwise.
      client.setNoDelay(true);
      resolve(client);
    });
    client.once('error', (error) => {
      over();
      client.destroy();
      reject(refusal ?? explain(hop, error, methods.length));
    });
    client.once('close', () => {
      over();
      reject(refusal ?? explain(hop, new Error('the server closed the connection'), methods.length));
    });
    client.connect(config);
  });
}

function refusalOf(verdict: Exclude<HostKeyVerdict, { verdict: 'trusted' }>): Problem {
  switch (verdict.verdict) {
    case 'unknown':
      return new UnknownHost(verdict.key);
    case 'changed':
      return new ChangedHost(verdict.problem, verdict.key);
    case 'refused':
      return verdict.problem;
  }
}

function tunnel(through: Client, to: SshHop): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    through.forwardOut('127.0.0.1', 0, to.host, to.port, (error, stream) => {
      if (error) {
        reject(
          new Problem(
            {
              code: 'jump-refused',
              message: `The jump host could not reach ${to.host}:${to.port}.`,
              attempted: `Connect to ${to.host}:${to.port} through the jump host`,
              answered: wordsOf(error),
              todo: 'Check the host name as the jump host sees it, and that it allows forwarding (AllowTcpForwarding).',
            },
            error,
          ),
        );
      } else {
        resolve(stream);
      }
    });
  });
}

/** Asks for the algorithms of known key types first, so that another kind of key doesn't look like a changed one. */
function wishes(types: readonly string[]): ServerHostKeyAlgorithm[] {
  const known: Record<string, ServerHostKeyAlgorithm[]> = {
    'ssh-ed25519': ['ssh-ed25519'],
    'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
    'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
    'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
    'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
  };
  return [...new Set(types.flatMap((type) => known[type] ?? []))];
}

function explain(hop: SshHop, error: Error, methods: number): Problem {
  const place = `${hop.user}@${hop.host}:${hop.port}`;
  const attempted = `Connect to ${place}`;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const level = 'level' in error && typeof error.level === 'string' ? error.level : '';
  const say = (problem: { code: string; message: string; todo: string }) =>
    new Problem({ ...problem, attempted, answered: error.message }, error);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return say({
      code: 'host-not-found',
      message: `There is no host called ${hop.host}.`,
      todo: 'Check the spelling and your network.',
    });
  }
  if (code === 'ECONNREFUSED') {
    return say({
      code: 'connection-refused',
      message: `${hop.host} answers, but nothing listens on port ${hop.port}.`,
      todo: 'Check the port; hosts often use another one than 22.',
    });
  }
  if (level === 'client-authentication') {
    const what = { agent: 'any key of the agent', key: 'this key', password: 'this password' }[
      hop.authentication.kind
    ];
    return say({
      code: 'authentication-failed',
      message: `${hop.host} does not accept ${what} for ${hop.user}.`,
      todo:
        hop.authentication.kind === 'password'
          ? 'Check the user name and the password.'
          : `Check the user name, and that the public key is in ~/.ssh/authorized_keys there${methods > 5 ? '; too many keys in the agent can be the reason, too' : ''}.`,
    });
  }
  if (
    level === 'client-timeout' ||
    code === 'ETIMEDOUT' ||
    code === 'EHOSTUNREACH' ||
    code === 'ENETUNREACH'
  ) {
    return say({
      code: 'unreachable',
      message: `${hop.host}:${hop.port} does not answer.`,
      todo: 'Check the network, the VPN, and whether a firewall lets you in.',
    });
  }
  return say({
    code: 'connection-failed',
    message: `The connection to ${place} failed.`,
    todo: 'Try again; the answer above says more.',
  });
}
