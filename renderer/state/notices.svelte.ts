import type { ProblemShape } from '../../main/api/index.ts';

export type Tone = 'plain' | 'ok' | 'failed' | 'waiting';

export type Notice = {
  readonly id: number;
  readonly tone: Tone;
  readonly text: string;
  readonly detail: string;
  readonly action: { readonly label: string; readonly run: () => void } | null;
};

const LIFE = 6000;

/** Short notices at the window's edge. One with a problem stays until it is put away. */
export class Notices {
  list = $state.raw<readonly Notice[]>([]);
  #next = 1;

  say(text: string, options: Partial<Pick<Notice, 'tone' | 'detail' | 'action'>> = {}): void {
    const notice: Notice = { id: this.#next++, tone: 'plain', detail: '', action: null, text, ...options };
    this.list = [...this.list, notice].slice(-4);
    if (notice.tone !== 'failed') setTimeout(() => this.dismiss(notice.id), LIFE);
  }

  problem(problem: ProblemShape): void {
    this.say(problem.message, { tone: 'failed', detail: problem.todo });
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }
}
