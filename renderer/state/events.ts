import type { AppEvent, Client } from '../../main/api/index.ts';

/** Hears everything that the app tells, for as long as this window lives; asks again after an interruption. */
export class Events {
  readonly #listeners = new Set<(event: AppEvent) => void>();

  listen(listener: (event: AppEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Runs until `signal` says stop. */
  async follow(client: Client, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const event of await client.app.events({}, { signal })) {
          for (const listener of this.#listeners) listener(event);
        }
      } catch {
        // The transport comes back by itself; the first event then makes every list fresh.
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}
