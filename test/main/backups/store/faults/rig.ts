import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { z } from 'zod';
import { BackupId } from '../../../../../main/words/index.ts';
import { bundle } from '../../../../rig/bundle.ts';
import { aFailingDisk, type FailingDisk } from '../../../../rig/disk/disk.ts';
import type { Promised } from './examine.ts';

export type LifeName = 'backup' | 'prune' | 'move' | 'phrase' | 'unlock';

/** How a life ended, and what it said before. */
export interface Life {
  readonly killed: boolean;
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
}

const REPO = path.resolve(import.meta.dirname, '../../../../..');
const Wrong = z.array(z.string());

/** Bundles the lives once, so that starting one takes a fifth of a second: with the threads of the store beside it. */
export async function bundleLives(into: string): Promise<void> {
  const here = path.relative(REPO, import.meta.dirname);
  await bundle({ lives: path.join(here, 'lives.ts'), examine: path.join(here, 'examine.ts') }, into);
  fs.writeFileSync(path.join(into, 'package.json'), '{"type":"module"}');
}

/** A place for one life after the other: a folder with a store, its key and its settings, on a disk that fails. */
export class Lane implements Disposable {
  readonly folder: string;
  readonly disk: FailingDisk;
  readonly #bundle: string;
  readonly #examiner: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  readonly #env: Readonly<Record<string, string>>;

  /** @param failing what of its folder is on the failing disk; '' is all of it */
  constructor(
    bundle: string,
    above: string,
    name: string,
    failing: '' | 'disk' = '',
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#env = env;
    const beside = path.join(above, `${name}-beside`);
    fs.mkdirSync(beside, { recursive: true });
    this.folder = path.join(above, name);
    this.#bundle = bundle;
    this.disk = aFailingDisk(path.join(this.folder, failing), beside);
    const examiner = spawn(process.execPath, [path.join(bundle, 'examine.js'), 'examine'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#examiner = examiner;
    const answers: Interface = createInterface(examiner.stdout);
    this.#answers = answers[Symbol.asyncIterator]();
  }

  /** Begins anew with a copy of a folder. */
  startFrom(template: string): void {
    fs.rmSync(this.folder, { recursive: true, force: true });
    fs.cpSync(template, this.folder, { recursive: true });
    for (const below of ['settings', 'disk'])
      fs.mkdirSync(path.join(this.folder, below), { recursive: true });
  }

  async live(life: LifeName, seed: string, ...rest: readonly string[]): Promise<Life> {
    const child = spawn(
      process.execPath,
      [path.join(this.#bundle, 'lives.js'), life, this.folder, seed, ...rest],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          NODE_COMPILE_CACHE: path.join(this.#bundle, 'cache'),
          ...this.#env,
          ...this.disk.env,
        },
      },
    );
    let said = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    await once(child, 'close');
    const { exitCode: code, signalCode } = child;
    return { killed: signalCode === 'SIGKILL', code, lines: said.split('\n').filter(Boolean), errors };
  }

  /** @returns what is wrong */
  async examine(promised: Promised): Promise<string[]> {
    this.#examiner.stdin?.write(`${JSON.stringify(promised)}\n`);
    const answer = await this.#answers.next();
    return answer.done === true ? ['the examiner died'] : Wrong.parse(JSON.parse(answer.value));
  }

  [Symbol.dispose](): void {
    this.#examiner.kill();
  }
}

/** What is promised of a store, as its lives go by. */
export class Promises {
  readonly #committed = new Map<BackupId, string>();
  readonly #gone = new Set<BackupId>();
  readonly #pinned = new Set<BackupId>();
  /** The phrase that was confirmed last. */
  #phrase = '';
  /** Another that was shown: the store opens by it, too. */
  #shown: string | null = null;
  /** Whether either of the two may have gone: what forgets it was begun. */
  #unsure: string | null = null;
  readonly #shut = new Set<string>();

  copy(): Promises {
    const other = new Promises();
    for (const [id, seed] of this.#committed) other.#committed.set(id, seed);
    for (const id of this.#gone) other.#gone.add(id);
    for (const id of this.#pinned) other.#pinned.add(id);
    other.#phrase = this.#phrase;
    for (const phrase of this.#shut) other.#shut.add(phrase);
    return other;
  }

  /** The phrase that was confirmed last. */
  get phrase(): string {
    return this.#phrase;
  }

  hear(lines: readonly string[]): void {
    for (const line of lines) {
      const [word, given = '', ...seed] = line.split(' ');
      const id = () => BackupId.parse(given);
      if (word === '+') this.#committed.set(id(), seed.join(' '));
      if (word === '-') this.#committed.delete(id());
      if (word === 'gone') this.#gone.add(id());
      if (word === 'pinned') this.#pinned.add(id());
      if (word === 'unpinning') this.#pinned.delete(id());
      if (word === 'shown') this.#shown = given;
      if (word === 'dropping') this.#unsure = given;
      if (word === 'dropped') {
        this.#shut.add(given);
        this.#shown = this.#unsure = null;
      }
      if (word === 'confirming') this.#unsure = this.#phrase;
      if (word === 'confirmed') {
        if (this.#phrase !== '') this.#shut.add(this.#phrase);
        this.#phrase = given;
        this.#shown = this.#unsure = null;
      }
    }
  }

  /** @param phrases whether they are looked at as well */
  of(folder: string, phrases = false): Promised {
    const open = [this.#phrase, this.#shown ?? ''].filter(
      (phrase) => phrase !== '' && phrase !== this.#unsure,
    );
    return {
      folder,
      committed: [...this.#committed],
      gone: [...this.#gone],
      pinned: [...this.#pinned],
      phrases: phrases ? { open, shut: [...this.#shut] } : { open: [], shut: [] },
    };
  }
}
