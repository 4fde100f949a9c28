import { createHash, randomBytes } from 'node:crypto';

/** At most this many windows are remembered; the oldest has to ask for a new link. */
const LIMIT = 64;

/**
 * Who may use the API. A link carries a token that works once and is exchanged for a session's own token.
 * Only hashes are held, so that looking a token up leaks nothing through time.
 */
export class Sessions {
  readonly #links = new Set<string>();
  readonly #sessions = new Set<string>();

  /** A new one-time token for a link. */
  newLink(): string {
    return remember(this.#links);
  }

  /** The session's token for a link's; null when the link was used before or never ours. */
  exchange(linkToken: string): string | null {
    return this.#links.delete(hash(linkToken)) ? remember(this.#sessions) : null;
  }

  isOpen(sessionToken: string): boolean {
    return this.#sessions.has(hash(sessionToken));
  }
}

function remember(into: Set<string>): string {
  const token = randomBytes(32).toString('base64url');
  into.add(hash(token));
  for (const oldest of into) {
    if (into.size <= LIMIT) break;
    into.delete(oldest);
  }
  return token;
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
