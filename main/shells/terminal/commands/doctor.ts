import type { Command as Commander } from 'commander';
import { counted } from '../../../words/index.ts';
import type { Command } from '../context.ts';

type Act = (work: (command: Command) => Promise<void>) => Promise<void>;

const MARKS = { well: '✓', odd: '!', wrong: '✗' } as const;

/** `doctor SITE` */
export function doctorCommand(program: Commander, act: Act): void {
  program
    .command('doctor')
    .argument('<site>')
    .description('looks at everything that a change of the site would stumble over, and writes nothing')
    .action((name: string) =>
      act(async ({ client, out }) => {
        const site = await client.sites.find({ nameOrId: name });
        const findings = await client.updates.examine({ siteId: site.id });
        for (const { about, level, text, todo, which } of findings) {
          out.say(`${MARKS[level]} ${about}: ${text}`);
          for (const line of which) out.say(`    ${line}`);
          if (todo !== '') out.say(`    to do: ${todo}`);
        }
        const wrong = findings.filter(({ level }) => level === 'wrong').length;
        const odd = findings.filter(({ level }) => level === 'odd').length;
        out.say(
          wrong + odd === 0 ? 'All is well.' : `${counted(wrong, 'thing')} wrong, ${odd} worth a look.`,
        );
        out.result(findings);
      }),
    );
}
