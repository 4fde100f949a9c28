/** Many may be inside together, or one alone. Who waits to be alone goes before those who come later. */
export interface Gate {
  /** Resolves with what leaves again. */
  together(): Promise<() => void>;
  alone<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate(): Gate {
  let inside = 0;
  let left = Promise.withResolvers<undefined>();
  let closed: Promise<unknown> = Promise.resolve();
  return {
    async together() {
      await closed;
      inside += 1;
      let gone = false;
      return () => {
        if (gone) return;
        gone = true;
        inside -= 1;
        if (inside === 0) {
          left.resolve(undefined);
          left = Promise.withResolvers();
        }
      };
    },
    alone(work) {
      const before = closed;
      const mine = before.then(async () => {
        while (inside > 0) await left.promise;
        return work();
      });
      closed = mine.catch(() => {});
      return mine;
    },
  };
}
