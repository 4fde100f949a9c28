import type { BackupId, ProblemShape, TableRows } from '../../../main/api/index.ts';
import type { App } from '../../state/app.svelte.ts';
import { problemOf } from '../../transport/problem.ts';

const PAGE = 200;

/** The rows of a table, as far as they have been looked at; more come as they are wanted. */
export class RowPages {
  columns = $state.raw<readonly string[]>([]);
  rows = $state.raw<TableRows['rows']>([]);
  /** Where the rest begins; null: there is none. */
  next = $state<number | null>(0);
  busy = $state(false);
  problem = $state.raw<ProblemShape | null>(null);
  #turn = 0;
  #find = '';
  readonly #app: App;
  readonly #place: { readonly backupId: BackupId; readonly table: string };

  constructor(app: App, place: { readonly backupId: BackupId; readonly table: string }) {
    this.#app = app;
    this.#place = place;
  }

  /** Begins anew with the rows that hold a text; with all of them where it is empty. */
  async begin(find: string): Promise<void> {
    this.#turn += 1;
    this.#find = find;
    this.rows = [];
    this.next = 0;
    this.busy = false;
    await this.more();
  }

  async more(): Promise<void> {
    if (this.busy || this.next === null || this.problem !== null) return;
    const turn = this.#turn;
    this.busy = true;
    try {
      const found = await this.#app.client.backups.rows({
        ...this.#place,
        from: this.next,
        limit: PAGE,
        find: this.#find,
      });
      if (turn !== this.#turn) return;
      this.columns = found.columns;
      this.rows = [...this.rows, ...found.rows];
      this.next = found.next;
    } catch (thrown) {
      if (turn === this.#turn) this.problem = problemOf(thrown);
    } finally {
      if (turn === this.#turn) this.busy = false;
    }
  }
}
