import type { Authentication, Site, SshHop } from '../../../main/api/index.ts';
import { t, type Key } from '../../words/words.svelte.ts';

type FactKey = Extract<Key, `fact.${string}`>;
type Plain = { readonly key: FactKey; readonly value: string };

/** How a site is reached, line by line. */
export function factsOf(site: Site): Plain[] {
  const { connection } = site;
  const facts: Plain[] = [
    { key: 'fact.platform', value: site.platform === 'wordpress' ? 'WordPress' : site.platform },
  ];
  if (connection.kind !== 'local') {
    facts.push({ key: 'fact.server', value: hopWords(connection) });
    facts.push({ key: 'fact.way', value: t(`way.${connection.kind}`) });
    facts.push({ key: 'fact.signIn', value: signIn(connection.authentication) });
    for (const hop of connection.jump) facts.push({ key: 'fact.jump', value: hopWords(hop) });
    if (connection.configHost !== null) facts.push({ key: 'fact.configHost', value: connection.configHost });
  } else {
    facts.push({ key: 'fact.server', value: 'localhost' });
  }
  facts.push({ key: 'fact.root', value: site.root });
  if (site.privateFolder !== null) facts.push({ key: 'fact.private', value: site.privateFolder });
  return facts;
}

/** `deploy@example.org:2222`; the port only where it is not the usual one. */
export function hopWords({ user, host, port }: SshHop): string {
  return `${user}@${host}${port === 22 ? '' : `:${port}`}`;
}

function signIn(authentication: Authentication): string {
  if (authentication.kind === 'key') return authentication.file;
  return authentication.kind === 'agent' ? 'ssh-agent' : '••••••••';
}
