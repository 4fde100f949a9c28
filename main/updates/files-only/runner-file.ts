import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createHash } from 'node:crypto';
import type { LoadedRecipe } from '../../platforms/index.ts';

/** The parts of the runner, as text of `resources/updates/runner` and `resources/database`. */
export interface RunnerParts {
  readonly guard: string;
  readonly verbs: string;
  /** What dumps and restores, in the order in which it stands. */
  readonly database: readonly string[];
}

/** A name that nobody can guess. */
export function newRunnerName(): string {
  return `groundskeeper-${randomBytes(16).toString('hex')}.php`;
}

/** Where a runner's requests are counted, beside it. */
export function countNameOf(runner: string): string {
  return `.${runner.replace(/\.php$/, '')}.count`;
}

/** What signs the requests of one runner. It lives in memory, and ends with the run. */
export interface RunnerKey {
  /** DER in base64. */
  readonly publicKey: string;
  /** An ECDSA signature in base64. */
  sign(text: string): string;
}

/**
 * A key for one runner. P-256, because every PHP with OpenSSL, without which WordPress itself fetches nothing, verifies it; Ed25519 needs
 * sodium, which PHP 7.0 and 7.1 lack and distributions leave out.
 */
export function newRunnerKey(): RunnerKey {
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  });
  const key = createPrivateKey({ key: pair.privateKey, type: 'pkcs8', format: 'der' });
  createPublicKey(key);
  return {
    publicKey: pair.publicKey.toString('base64'),
    sign: (text) => sign('sha256', Buffer.from(text), key).toString('base64'),
  };
}

export interface RunnerIdentity {
  /** 32 hex digits. */
  readonly run: string;
  /** The host that it is asked at, with a port where there is one. */
  readonly host: string;
  /** When it ends: seconds by the server's clock. */
  readonly end: number;
  readonly publicKey: string;
}

/** The runner's file: one that needs nothing beside it. */
export function runnerFile(parts: RunnerParts, recipe: LoadedRecipe, identity: RunnerIdentity): string {
  const migrate = recipe.steps.migrate?.php;
  const said = {
    run: identity.run,
    host: identity.host.replace(/[^\w.:[\]-]/g, ''),
    end: String(Math.floor(identity.end)),
    key: identity.publicKey,
  };
  const guard = parts.guard.replace(
    /\{\{(run|host|end|key)\}\}/g,
    (_all, name: keyof typeof said) => said[name],
  );
  const verbs = parts.verbs
    .replace('/* {{read}} */', () => recipe.script('read.php'))
    .replace('/* {{migrate}} */', () => (migrate === undefined ? '' : recipe.script(migrate)));
  return [guard, ...parts.database, verbs]
    .map((part, at) => (at === 0 ? part : part.replace(/^<\?php\s*/, '')))
    .join('\n');
}

/** One request, as it is sent. */
export interface RunnerRequest {
  readonly verb: string;
  /** Larger than that of every request before. */
  readonly number: number;
  /** Until when it is heeded: seconds by the server's clock. */
  readonly until: number;
  /** `gk-` and 32 hex digits: stands around the answer. */
  readonly marker: string;
  readonly question: unknown;
}

/** A request's body, signed. */
export function signedRequest(
  { verb, number, until, marker, question }: RunnerRequest,
  { run, host }: Pick<RunnerIdentity, 'run' | 'host'>,
  key: RunnerKey,
): string {
  const body = Buffer.from(JSON.stringify(question ?? {})).toString('base64');
  const digest = createHash('sha256').update(body).digest('hex');
  const text = ['groundskeeper runner 1', run, host, verb, String(number), String(until), marker, digest];
  return `${verb} ${number} ${until} ${marker} ${key.sign(text.join('\n'))}\n${body}`;
}
