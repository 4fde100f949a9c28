import type { Command as Commander } from 'commander';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { counted } from '../../../words/index.ts';
import { exitCodeOf, Exit, followRuns, type Command } from '../context.ts';

type Act = (work: (command: Command) => Promise<void>) => Promise<void>;

/** `backups phrase`, `backups confirm-phrase`, `backups unlock` */
export function phraseCommands(backups: Commander, act: Act): void {
  backups
    .command('phrase')
    .option('--confirmed', 'takes it for kept as soon as it was shown, for scripts that keep what is printed')
    .description('makes a new recovery phrase and shows it once; confirmed, it replaces the one before')
    .action((options: { confirmed?: boolean }) =>
      act(async (command) => {
        const { client, out } = command;
        const { phrase } = await client.store.makePhrase({});
        out.say('Write this down and keep it apart from this computer. It is not shown again:');
        out.say('');
        // What was asked for, so also with --quiet.
        if (!out.json) out.raw(Buffer.from(`    ${phrase}\n`));
        out.say('');
        const kept = options.confirmed === true || (await isKept(command, phrase));
        if (kept === null) {
          const { hasPhrase } = await client.store.state({});
          out.say(
            `${hasPhrase ? 'The phrase before holds until this one is confirmed' : 'Confirm that you have it'}: \`groundskeeper backups confirm-phrase\`, with this phrase on stdin.`,
          );
          return out.result({ phrase, confirmed: false });
        }
        if (!kept) {
          const { hasPhrase } = await client.store.dropPhrase({});
          out.say(
            `It was not confirmed, so it opens nothing.${hasPhrase ? ' The phrase before still opens the backups.' : ''}`,
          );
          out.result({ phrase, confirmed: false });
          throw new Exit(1);
        }
        // With --json it is printed before it replaces anything, too: this is the one document.
        out.result({ phrase, confirmed: true });
        await confirm(command, phrase);
      }),
    );
  backups
    .command('confirm-phrase')
    .description('a recovery phrase that was made last, and comes on stdin, replaces the one before')
    .action(() =>
      act(async (command) => {
        await confirm(command, (await text(process.stdin)).trim());
        command.out.result({ confirmed: true });
      }),
    );
  backups
    .command('unlock')
    .description('opens sealed backups with the recovery phrase, which comes on stdin')
    .action(() =>
      act(async ({ client, out }) => {
        const state = await client.store.unlock({ phrase: (await text(process.stdin)).trim() });
        out.say('The backups are open on this computer now.');
        out.result(state);
      }),
    );
}

/** Has the user type the end of it. @returns null: nobody is there to ask */
async function isKept({ out }: Command, phrase: string): Promise<boolean | null> {
  if (out.json || !process.stdin.isTTY || !process.stderr.isTTY) return null;
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const end = phrase.slice(-5);
  try {
    for (;;) {
      const typed = await asking.question(
        'When you have written it down, type its last five letters (Enter alone: never mind): ',
      );
      if (typed.trim() === '') return false;
      if (typed.trim().toUpperCase() === end) return true;
      out.warn('These are not its last five letters.');
    }
  } finally {
    asking.close();
  }
}

async function confirm(command: Command, phrase: string): Promise<void> {
  const { client, out } = command;
  const { runIds } = await client.store.confirmPhrase({ phrase });
  out.say('It holds now; one that was made before opens nothing any more.');
  const ended = await followRuns(command, runIds);
  const behind = (await client.copies.list({})).filter(({ oldPhrase }) => oldPhrase);
  if (ended.length > 0 && exitCodeOf(ended) === 0)
    out.say(`${counted(ended.length, 'copy opens', 'copies open')} by it as well.`);
  if (behind.length > 0)
    out.warn(
      `Keep the phrase before until these copies are brought up to date: ${behind.map(({ name }) => name).join(', ')}. Nothing else opens them.`,
    );
}
