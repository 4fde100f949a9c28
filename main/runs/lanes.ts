import PQueue from 'p-queue';

/** How much may happen at once. */
export interface Limits {
  /** All runs together. */
  readonly total: number;
  /** Runs on one server, so that a small host isn't overrun. */
  readonly perHost: number;
}

/** Lets work wait for its turn: one run per site at a time, few per host, so many in all. */
export interface Lanes {
  enter<T>(
    place: { siteId: string | null; host: string | null },
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T>;
}

/** Locks are taken in one order (site, host, all), so that two runs never wait for each other. */
export function createLanes(limits: Limits): Lanes {
  const all = new PQueue({ concurrency: limits.total });
  const named = new Map<string, PQueue>();
  const lane = (name: string, concurrency: number): PQueue => {
    const known = named.get(name);
    if (known) return known;
    for (const [other, queue] of named) if (queue.size === 0 && queue.pending === 0) named.delete(other);
    const made = new PQueue({ concurrency });
    named.set(name, made);
    return made;
  };
  return {
    enter({ siteId, host }, signal, work) {
      // The signal ends the waiting only. Work that has begun ends itself: it may have something to undo.
      const wait = waiting(signal);
      const inAll = () => all.add(() => (wait.begin(), work()));
      const inHost = host === null ? inAll : () => lane(`host ${host}`, limits.perHost).add(inAll);
      return wait.until(siteId === null ? inHost() : lane(`site ${siteId}`, 1).add(inHost));
    },
  };
}

/** Lets a cancel through as long as the work has not begun. */
function waiting(signal: AbortSignal): { begin(): void; until<T>(turn: Promise<T>): Promise<T> } {
  let begun = false;
  return {
    begin() {
      signal.throwIfAborted();
      begun = true;
    },
    async until(turn) {
      let stop = () => {};
      const cancelled = new Promise<never>((_resolve, reject) => {
        stop = () => {
          if (!begun) reject(signal.reason instanceof Error ? signal.reason : new Error('cancelled'));
        };
        signal.addEventListener('abort', stop, { once: true });
      });
      try {
        return await Promise.race([turn, cancelled]);
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
  };
}
