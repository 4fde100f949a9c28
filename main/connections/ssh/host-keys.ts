import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Problem, wordsOf } from '../../words/index.ts';
import type { UnknownHostKey } from '../trial.ts';
import { fingerprintOf, readKnownHosts, speaksOf, typeOfKey, type KnownHost } from './known-hosts.ts';

/** What is thought of a key that a host shows. */
export type HostKeyVerdict =
  | { readonly verdict: 'trusted' }
  | { readonly verdict: 'unknown'; readonly key: UnknownHostKey }
  | { readonly verdict: 'refused'; readonly problem: Problem }
  /** Not the key that was confirmed; `key` is the one it shows. */
  | { readonly verdict: 'changed'; readonly problem: Problem; readonly key: UnknownHostKey };

/** Which keys hosts are known by: what the user confirmed here, and (read only) their known_hosts. */
export interface HostKeys {
  judge(host: string, port: number, key: Buffer): HostKeyVerdict;
  /** The key types known for a host, so that the server is asked for one of those first. */
  knownTypes(host: string, port: number): readonly string[];
  /** The keys that a host is trusted by, of every type. */
  known(host: string, port: number): readonly UnknownHostKey[];
  /** @throws Problem `host-key-known` when another key is trusted for that host and `replaces` is not set. */
  trust(key: UnknownHostKey, replaces: boolean): void;
}

const Trusted = z.array(
  z.object({ host: z.string(), port: z.number(), type: z.string(), fingerprint: z.string() }),
);

interface TrustFile {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

/**
 * @param file our own list of confirmed fingerprints
 * @param knownHostsFiles the user's known_hosts files; one that exists but can't be read refuses everything
 */
export function openHostKeys(file: TrustFile, knownHostsFiles: readonly string[]): HostKeys {
  const ours = () => Trusted.parse(file.get('trusted') ?? []);
  const theirs = (): KnownHost[] => knownHostsFiles.flatMap((path) => readKnownHosts(readOrEmpty(path)));
  const about = (host: string, port: number) => ({
    own: ours().filter((line) => line.host === host.toLowerCase() && line.port === port),
    known: theirs().filter((line) => speaksOf(line, host, port)),
  });
  return {
    judge(host, port, key) {
      const fingerprint = fingerprintOf(key);
      const type = typeOfKey(key);
      const { own, known } = about(host, port);
      if (known.some((line) => line.marker === 'revoked' && line.key.equals(key))) {
        return { verdict: 'refused', problem: revoked(host, port, fingerprint) };
      }
      const sameType = own.filter((line) => line.type === type);
      if (own.some((line) => line.fingerprint === fingerprint)) return { verdict: 'trusted' };
      if (sameType.length > 0 || own.length > 0) {
        return {
          verdict: 'changed',
          key: { host, port, type, fingerprint },
          problem: changedKey(
            host,
            port,
            fingerprint,
            own.map((line) => line.fingerprint),
          ),
        };
      }
      const plain = known.filter((line) => line.marker === 'none');
      if (plain.some((line) => line.key.equals(key))) return { verdict: 'trusted' };
      if (plain.length > 0) {
        return {
          verdict: 'changed',
          key: { host, port, type, fingerprint },
          problem: changedKey(
            host,
            port,
            fingerprint,
            plain.map((line) => fingerprintOf(line.key)),
          ),
        };
      }
      return { verdict: 'unknown', key: { host, port, type, fingerprint } };
    },
    knownTypes(host, port) {
      const { own, known } = about(host, port);
      return [
        ...own.map((line) => line.type),
        ...known.filter((line) => line.marker === 'none').map((line) => line.type),
      ];
    },
    known(host, port) {
      const { own, known } = about(host, port);
      return [
        ...own.map(({ type, fingerprint }) => ({ host, port, type, fingerprint })),
        ...known
          .filter((line) => line.marker === 'none')
          .map((line) => ({ host, port, type: line.type, fingerprint: fingerprintOf(line.key) })),
      ];
    },
    trust(key, replaces) {
      const host = key.host.toLowerCase();
      const lines = ours();
      const others = lines.filter((line) => line.host === host && line.port === key.port);
      if (others.some((line) => line.fingerprint !== key.fingerprint) && !replaces) {
        throw new Problem({
          code: 'host-key-known',
          message: `Another key is trusted for ${key.host} already.`,
          todo: 'Only replace it when you know why it changed, for example because the host told you so.',
        });
      }
      const rest = lines.filter((line) => !(line.host === host && line.port === key.port));
      file.set('trusted', [...rest, { host, port: key.port, type: key.type, fingerprint: key.fingerprint }]);
    },
  };
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw new Problem(
      {
        code: 'known-hosts-unreadable',
        message: `${path} cannot be read, so no host can be trusted.`,
        answered: wordsOf(error),
        todo: 'Make the file readable for your account.',
      },
      error,
    );
  }
}

function changedKey(host: string, port: number, seen: string, expected: readonly string[]): Problem {
  return new Problem({
    code: 'host-key-changed',
    message: `The key of ${host}:${port} is not the one that was confirmed. Nothing was sent.`,
    attempted: `Connect to ${host}:${port}`,
    answered: `It showed ${seen}; expected ${expected.join(' or ')}.`,
    todo: 'Somebody may be in between, or the server was set up anew. Ask the host for the new fingerprint. Only when it is the same: `groundskeeper sites trust` with --replace, or “Replace key” on the site’s connection page.',
  });
}

function revoked(host: string, port: number, seen: string): Problem {
  return new Problem({
    code: 'host-key-revoked',
    message: `The key of ${host}:${port} is marked as revoked in known_hosts. Nothing was sent.`,
    answered: seen,
    todo: 'Ask the host what happened to this server.',
  });
}
