import { untrack } from 'svelte';
import type { AppEvent, ProblemShape } from '../../main/api/index.ts';
import { problemOf } from '../transport/problem.ts';
import type { App } from './app.svelte.ts';

/** Events that come in a burst lead to one question. */
const CALM = 250;

/**
 * Something asked from the app and kept fresh. While a newer answer is on its way the older one stays,
 * so that nothing jumps.
 */
export class Loaded<T> {
  value = $state.raw<T | null>(null);
  problem = $state.raw<ProblemShape | null>(null);
  busy = $state(false);
  #turn = 0;
  readonly #ask: () => Promise<T>;

  /** @param ask what it reads before its first await is what it depends on. */
  constructor(app: App, ask: () => Promise<T>, concerns: (event: AppEvent) => boolean = () => false) {
    this.#ask = ask;
    $effect(() => {
      const question = ask();
      untrack(() => void this.#take(question));
    });
    $effect(() => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const end = app.events.listen((event) => {
        if (event.kind !== 'sites' && !concerns(event)) return;
        timer ??= setTimeout(() => {
          timer = undefined;
          this.again();
        }, CALM);
      });
      return () => {
        clearTimeout(timer);
        end();
      };
    });
  }

  again(): void {
    void this.#take(this.#ask());
  }

  async #take(question: Promise<T>): Promise<void> {
    const turn = ++this.#turn;
    this.busy = true;
    try {
      const value = await question;
      if (turn !== this.#turn) return;
      this.value = value;
      this.problem = null;
    } catch (thrown) {
      if (turn === this.#turn) this.problem = problemOf(thrown);
    } finally {
      if (turn === this.#turn) this.busy = false;
    }
  }
}
