import type { ConnectionSettings } from '../../sites/index.ts';
import type { UnknownHostKey } from '../trial.ts';
import type { HostKeys } from './host-keys.ts';

/** Every server that a connection logs in to: the site's own, then the jump hosts. */
function serversOf(connection: ConnectionSettings): { readonly host: string; readonly port: number }[] {
  return connection.kind === 'local' ? [] : [connection, ...connection.jump];
}

/** The keys by which the servers of a connection are known. */
export function keysOnTheWay(
  hostKeys: Pick<HostKeys, 'known'>,
  connection: ConnectionSettings,
): UnknownHostKey[] {
  return serversOf(connection).flatMap(({ host, port }) => [...hostKeys.known(host, port)]);
}

/**
 * Trusts the servers of a connection by the keys that another computer knew them by. One that is known here keeps the key it has. So a
 * server that shows another key than it did then is told from one that nobody has seen yet.
 */
export function trustAsBefore(
  hostKeys: Pick<HostKeys, 'known' | 'trust'>,
  connection: ConnectionSettings,
  before: readonly UnknownHostKey[],
): void {
  for (const { host, port } of serversOf(connection)) {
    const key = before.find((one) => one.host.toLowerCase() === host.toLowerCase() && one.port === port);
    if (key !== undefined && hostKeys.known(host, port).length === 0) hostKeys.trust(key, false);
  }
}
