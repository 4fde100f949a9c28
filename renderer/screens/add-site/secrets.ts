import type { Secrets } from '../../../main/api/index.ts';

/** Nothing typed yet. */
export const NO_SECRETS: Secrets = { passwords: [], passphrases: [] };

/** The secrets with one hop's password put in; an empty one takes it out. */
export function withPassword(secrets: Secrets, hop: number, password: string): Secrets {
  const others = secrets.passwords.filter((one) => one.hop !== hop);
  return { ...secrets, passwords: password === '' ? others : [...others, { hop, password }] };
}

/** The secrets with one hop's passphrase put in; an empty one takes it out. */
export function withPassphrase(secrets: Secrets, hop: number, passphrase: string): Secrets {
  const others = secrets.passphrases.filter((one) => one.hop !== hop);
  return { ...secrets, passphrases: passphrase === '' ? others : [...others, { hop, passphrase }] };
}
