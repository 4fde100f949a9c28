import { Command as Commander, CommanderError } from 'commander';
import type { Client } from '../../api/index.ts';
import { backupCommands } from './commands/backups.ts';
import { restoreCommand } from './commands/restore.ts';
import { doctorCommand } from './commands/doctor.ts';
import { emergencyCommands } from './commands/emergency.ts';
import { repairCommand } from './commands/repair.ts';
import { runCommands } from './commands/runs.ts';
import { siteCommands } from './commands/sites.ts';
import { updateCommands } from './commands/updates.ts';
import { Exit, problemOf, type Command } from './context.ts';
import { createOutput, type Output, type Streams } from './output.ts';

/** What the terminal needs of its door. */
export interface TerminalOptions {
  readonly version: string;
  readonly streams: Streams;
  /** The app, opened here or reached in the process that owns the data folder. */
  readonly open: (dataFolder: string | undefined) => Promise<{ client: Client; close(): Promise<void> }>;
  /** `serve` and `demo` stay; they belong to the door. */
  readonly serve: (dataFolder: string | undefined, port: number, out: Output) => Promise<void>;
  readonly demo: (args: readonly string[]) => Promise<number>;
}

interface Globals {
  data?: string;
  json?: boolean;
  quiet?: boolean;
}

/** Runs one command line. @returns the exit code: 0 done, 1 failed, 2 usage, 3 rolled back */
export async function runTerminal(args: readonly string[], options: TerminalOptions): Promise<number> {
  const program = new Commander('groundskeeper')
    .description('Looks after all of your client sites: checks, backups, safe updates, one-click rollback.')
    .version(options.version)
    .option('--data <dir>', 'the data folder')
    .option('--json', 'one JSON document on stdout')
    .option('--quiet', 'only errors')
    .exitOverride()
    .showHelpAfterError('(--help shows how it goes)')
    .configureOutput({
      writeOut: (text) => options.streams.stdout.write(text),
      writeErr: (text) => options.streams.stderr.write(text),
    });
  const outputOf = () => {
    const { json, quiet } = program.opts<Globals>();
    return createOutput({ json: json ?? false, quiet: quiet ?? false }, options.streams);
  };
  const act = async (work: (command: Command) => Promise<void>) => {
    const app = await options.open(program.opts<Globals>().data);
    try {
      await work({ client: app.client, out: outputOf() });
    } finally {
      await app.close();
    }
  };
  siteCommands(program, act);
  updateCommands(program, act);
  backupCommands(program, act);
  restoreCommand(program, act);
  runCommands(program, act);
  doctorCommand(program, act);
  repairCommand(program, act);
  emergencyCommands(program, act);
  let demo: number | null = null;
  program
    .command('serve')
    .option('--port <n>', 'any free one when left out', Number, 0)
    .description('the app in a browser')
    .action((given: { port: number }) => options.serve(program.opts<Globals>().data, given.port, outputOf()));
  program
    .command('demo')
    .option('--sites <n>', 'how many')
    .description('a fleet of real local sites to try everything on')
    .action(async (given: { sites?: string }) => {
      demo = await options.demo(given.sites === undefined ? [] : ['--sites', given.sites]);
    });
  try {
    await program.parseAsync(args, { from: 'user' });
    return demo ?? 0;
  } catch (error) {
    if (error instanceof Exit) return error.code;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const problem = problemOf(error);
    const out = outputOf();
    if (out.json) out.result({ error: problem.toJSON() });
    out.warn(`error: ${problem.message}`);
    for (const [label, words] of [
      ['tried', problem.attempted],
      ['answered', problem.answered],
      ['to do', problem.todo],
    ])
      if (words) out.warn(`  ${label}: ${words.split('\n').join('\n    ')}`);
    return problem.code === 'usage' ? 2 : 1;
  }
}
