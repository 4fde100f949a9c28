/** What still has to be undone when this process ends, in whatever way; the newest goes first. */
const pending = new Set<() => void>();
let listening = false;

/**
 * Has something undone when this process ends: normally, by Ctrl-C or by a signal. Only synchronous work.
 * @returns a function that takes it off the list, for when it was undone in time.
 */
export function whenWeEnd(undo: () => void): () => void {
  listen();
  pending.add(undo);
  return () => void pending.delete(undo);
}

function listen(): void {
  if (listening) return;
  listening = true;
  process.on('exit', undoAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const end = (): void => {
      // Somebody else ends us with more care; what is left then goes at exit.
      if (process.listenerCount(signal) > 1) return;
      undoAll();
      process.off(signal, end);
      process.kill(process.pid, signal);
    };
    process.on(signal, end);
  }
}

function undoAll(): void {
  for (const undo of [...pending].reverse()) {
    pending.delete(undo);
    try {
      undo();
    } catch {
      // The rest has to be undone all the same.
    }
  }
}
