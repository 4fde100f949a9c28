import type { IncomingHttpHeaders } from 'node:http';

/** The names under which a loopback port may be asked; anything else is another site's trick (DNS rebinding). */
function ownHosts(port: number): readonly string[] {
  return ['127.0.0.1', 'localhost', '[::1]'].flatMap((name) =>
    port === 80 ? [name, `${name}:80`] : [`${name}:${port}`],
  );
}

/**
 * Why a request is refused; null when it is ours.
 * @param mustHaveOrigin for what changes something or opens a channel: a browser always says its origin there.
 */
export function refusal(headers: IncomingHttpHeaders, port: number, mustHaveOrigin: boolean): string | null {
  const hosts = ownHosts(port);
  if (!hosts.includes(headers.host?.toLowerCase() ?? '')) return 'This host name is not ours.';
  const { origin } = headers;
  if (origin === undefined) return mustHaveOrigin ? 'A request without an origin is refused.' : null;
  return hosts.some((host) => origin.toLowerCase() === `http://${host}`) ? null : 'This origin is not ours.';
}
