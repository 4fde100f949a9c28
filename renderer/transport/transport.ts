import type { ClientLink } from '@orpc/client';

/** `refused`: the app is there, but this window's link was used up or never given. */
export type Presence = 'connecting' | 'open' | 'away' | 'refused';

/** The one way to the app: a message port inside the desktop, a WebSocket in a browser. */
export interface Transport {
  readonly link: ClientLink<Record<never, never>>;
  /** Tells now and from then on. @returns what ends it. */
  watch(listener: (presence: Presence) => void): () => void;
}

/** Remembers a presence and tells those who watch. */
export class PresenceBoard {
  #now: Presence = 'connecting';
  readonly #listeners = new Set<(presence: Presence) => void>();

  get now(): Presence {
    return this.#now;
  }

  set(presence: Presence): void {
    if (presence === this.#now) return;
    this.#now = presence;
    for (const listener of this.#listeners) listener(presence);
  }

  watch(listener: (presence: Presence) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#now);
    return () => this.#listeners.delete(listener);
  }
}
