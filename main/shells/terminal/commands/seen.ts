import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PageLook, PageSeen, RunDetails } from '../../../runs/index.ts';
import type { Command } from '../context.ts';

/** The pages that a step looked at, a line for each, in columns. */
export function seenLines(pages: readonly PageSeen[]): string[] {
  const named = pages.map((page) => ({
    page,
    name: page.way === 'loopback' ? `${page.page} (on the server itself)` : page.page,
    before: lookWords(page.before),
  }));
  const wide = (texts: readonly string[]) => Math.max(0, ...texts.map((text) => text.length));
  const [name, before] = [wide(named.map((one) => one.name)), wide(named.map((one) => one.before))];
  return named.flatMap(({ page, ...one }) => {
    const after = page.after === null ? '' : ` → ${lookWords(page.after)}`;
    const verdict = page.verdict === 'worse' || page.verdict === 'better' ? `  ${page.verdict}` : '';
    return [
      `${one.name.padEnd(name)}  ${one.before.padEnd(after === '' ? 0 : before)}${after}${verdict}`,
      ...page.words.map((words) => `  ${words}`),
    ];
  });
}

function lookWords(look: PageLook | null): string {
  if (look === null) return '–';
  if (look.status === null) return 'no answer';
  return `${look.status} ${look.millis} ms ${look.words} words`;
}

/** Saves every picture of a run into a folder. */
export async function savePictures({ client, out }: Command, run: RunDetails, folder: string): Promise<void> {
  const names = run.steps
    .flatMap(({ seen }) => seen)
    .flatMap(({ picture }) => (picture === null ? [] : [picture.before, picture.after, picture.difference]))
    .filter((name) => name !== null);
  if (names.length === 0) {
    out.say('This run has no pictures.');
    return;
  }
  mkdirSync(folder, { recursive: true });
  for (const name of names) {
    const { base64 } = await client.runs.picture({ runId: run.id, name });
    writeFileSync(join(folder, name), Buffer.from(base64, 'base64'));
    out.say(`    ${join(folder, name)}`);
  }
}
