import ssh2 from 'ssh2';
import crypto from 'node:crypto';
import fs from 'node:fs';

/** An ed25519 key pair, the private half in a file. */
export interface KeyPair {
  readonly file: string;
  readonly privateKey: string;
  /** As in authorized_keys: type and base64. */
  readonly publicKey: string;
  /** `SHA256:…`, as OpenSSH shows it. */
  readonly fingerprint: string;
}

/** Makes a key pair and writes its private half to the file (0600). With a passphrase the file is encrypted. */
export function aKeyPair(file: string, passphrase?: string): KeyPair {
  const generate = () =>
    ssh2.utils.generateKeyPairSync('ed25519', {
      comment: 'rig',
      ...(passphrase === undefined ? {} : { passphrase, cipher: 'aes256-ctr', rounds: 16 }),
    });
  let pair = generate();
  // One in some hundred of those that ssh2 makes is one that it can't read itself.
  while (ssh2.utils.parseKey(pair.private, passphrase) instanceof Error) pair = generate();
  fs.writeFileSync(file, pair.private, { mode: 0o600 });
  const blob = Buffer.from(pair.public.split(' ')[1] ?? '', 'base64');
  const digest = crypto.createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  return { file, privateKey: pair.private, publicKey: pair.public, fingerprint: `SHA256:${digest}` };
}
