import { createHash, createHmac } from 'node:crypto';

/** One usable line of a known_hosts file (format: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHost {
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  readonly patterns: readonly string[];
  readonly type: string;
  /** The raw key, as it goes over the wire. */
  readonly key: Buffer;
}

/** Reads known_hosts. Lines that can't be read are passed over, as OpenSSH does. */
export function readKnownHosts(text: string): KnownHost[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const words = line.trim().split(/\s+/);
    if (words[0] === undefined || words[0] === '' || words[0].startsWith('#')) return [];
    const marker =
      words[0] === '@revoked' ? 'revoked' : words[0] === '@cert-authority' ? 'cert-authority' : 'none';
    if (words[0].startsWith('@') && marker === 'none') return [];
    const [patterns, type, key] = marker === 'none' ? words : words.slice(1);
    if (patterns === undefined || type === undefined || key === undefined) return [];
    return [{ marker, patterns: patterns.split(','), type, key: Buffer.from(key, 'base64') } as const];
  });
}

/** How known_hosts names a host: `host`, or `[host]:port` where the port is not 22. */
export function hostName(host: string, port: number): string {
  const lower = host.toLowerCase();
  return port === 22 ? lower : `[${lower}]:${port}`;
}

/** Whether a line speaks of a host: plain, `*` and `?`, `!` negation, or hashed. */
export function speaksOf(line: KnownHost, host: string, port: number): boolean {
  const name = hostName(host, port);
  let matched = false;
  for (const pattern of line.patterns) {
    if (pattern.startsWith('|1|')) {
      if (isHashOf(pattern, name)) matched = true;
    } else if (pattern.startsWith('!')) {
      if (matchesGlob(pattern.slice(1), name)) return false;
    } else if (matchesGlob(pattern, name)) {
      matched = true;
    }
  }
  return matched;
}

/** A key's fingerprint as OpenSSH prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that a raw key names in its first field (RFC 4253, 6.6). */
export function typeOfKey(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  return key.subarray(4, 4 + Math.min(length, 64)).toString('latin1');
}

function isHashOf(pattern: string, name: string): boolean {
  const [, , salt, hash] = pattern.split('|');
  if (salt === undefined || hash === undefined) return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

function matchesGlob(pattern: string, name: string): boolean {
  const source = pattern
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name);
}
