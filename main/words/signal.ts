/** Something that others may listen to. Listeners are called in order; one that throws does not stop the rest. */
export interface Signal<T> {
  /** @returns a function that stops listening. */
  on(listener: (value: T) => void): () => void;
  emit(value: T): void;
}

/** A new signal that nobody listens to yet. */
export function createSignal<T>(): Signal<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    emit(value) {
      for (const listener of [...listeners]) {
        try {
          listener(value);
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
  };
}
