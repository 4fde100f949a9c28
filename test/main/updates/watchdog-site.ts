import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { lines, runOk, sh, type Connection, type Script } from '../../../main/connections/index.ts';
import { localConnection } from '../../../main/connections/local.ts';
import { swapScript, undoScript, type SwapItem } from '../../../main/updates/remote.ts';
import { siteLock } from '../../../main/updates/site-lock.ts';
import { setUndoScript, watchdogProgram, writeText } from '../../../main/updates/watchdog-script.ts';
import { newRunId, remotePath, type RemotePath } from '../../../main/words/index.ts';
import { never } from '../samples.ts';

const resources = path.join(import.meta.dirname, '../../../resources/updates');
const text = (name: string) => fs.readFileSync(path.join(resources, name), 'utf8');
const scripts = {
  swap: text('swap.sh'),
  look: text('look.sh'),
  turn: text('turn.sh'),
  detach: text('detach.sh'),
  watchdog: text('watchdog.sh'),
  lint: text('lint.sh'),
};
/** All that a watchdog may need. */
const TOOLS = ['cat', 'cp', 'mv', 'rm', 'ln', 'ls', 'mkdir', 'rmdir', 'chmod', 'sleep'];

export type Shell = 'dash' | 'busybox';
type StepName = 'files' | 'close' | 'database' | 'visitors' | 'tidy';

export interface WatchedSite extends Disposable {
  /** A folder for the test itself. */
  readonly folder: string;
  readonly bin: string;
  readonly watch: string;
  readonly runFolder: string;
  readonly privateFolder: string;
  readonly lock: ReturnType<typeof siteLock>;
  readonly connection: Connection;
  /** What visitors would see: every file with its content. */
  files(): string;
  readonly whole: string;
  /** The steps that were carried out, in order. */
  order(): string[];
  renew(): void;
  arm(): Promise<string>;
  /** Starts the loop as cron does after a reboot. */
  reboot(): void;
  loop(): number;
  report(): string | null;
  on(script: Script): Promise<string>;
}

export interface WatchedOptions {
  readonly shell?: Shell;
  /** Ticks of a tenth of a second. */
  readonly term?: number;
  readonly patience?: number;
  readonly more?: Partial<Record<StepName, Script>>;
  /** Further programs, as text for sh. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly tools?: readonly string[];
  readonly name?: string;
}

/** A site after the swap of an update, its watchdog set but not yet at work; on this machine, and with hardly a program. */
export async function aWatchedSite(options: WatchedOptions = {}): Promise<WatchedSite> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'watchdog-'));
  const at = (...parts: string[]): RemotePath => remotePath(path.join(folder, ...parts));
  const shell = at('sh');
  const bin = at('bin');
  fs.mkdirSync(bin);
  const where = (tool: string) => execFileSync('which', [tool], { encoding: 'utf8' }).trim();
  fs.symlinkSync(where(options.shell ?? 'dash'), shell);
  for (const tool of [...TOOLS, ...(options.tools ?? [])].filter(
    (name) => !(name in (options.programs ?? {})),
  ))
    fs.symlinkSync(where(tool), path.join(bin, tool));
  for (const [name, program] of Object.entries(options.programs ?? {}))
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\nPATH=${process.env['PATH'] ?? ''}\n${program}`, {
      mode: 0o755,
    });

  const name = options.name ?? 'a site';
  const root = at(name, 'root');
  const privateFolder = at(name, 'private');
  const connection = localConnection();
  const lock = siteLock(scripts, privateFolder, newRunId());
  await lock.take(connection, never);
  const runFolder = lock.runFolder;
  const write = (file: string, content: string) => {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
  };
  const live = (file: string) => remotePath(path.join(root, file));
  const inRun = (kind: string, file: string) => remotePath(path.join(runFolder, kind, '0', file));
  write(live('plu\ngin/main.php'), 'old');
  write(live("quo'te$(touch bad).php"), 'old');
  write(live('--deleted "file"'), 'old');
  for (const kind of ['staged', 'old', 'new'])
    fs.mkdirSync(path.join(runFolder, kind, '0'), { recursive: true });
  write(inRun('staged', '1/main.php'), 'new');
  write(inRun('staged', '2'), 'new');
  write(inRun('staged', '4'), 'new');
  write(path.join(runFolder, 'dump', '0'), 'rows');
  const item = (kind: SwapItem['kind'], file: string, index: string, staged = true): SwapItem => ({
    kind,
    live: live(file),
    staged: staged ? inRun('staged', index) : null,
    old: inRun('old', index),
    discarded: inRun('new', index),
    inode: fs.existsSync(live(file)) ? String(fs.statSync(live(file)).ino) : null,
  });
  const items = [
    item('folder', 'plu\ngin', '1'),
    item('file', "quo'te$(touch bad).php", '2'),
    item('file', '--deleted "file"', '3', false),
    item('file', 'added *.php', '4'),
  ];
  const files = () =>
    fs
      .readdirSync(root, { recursive: true, encoding: 'utf8' })
      .sort()
      .map((file) => {
        const whole = path.join(root, file);
        return `${file}=${fs.statSync(whole).isDirectory() ? '' : fs.readFileSync(whole, 'utf8')}`;
      })
      .join('\n');
  const whole = files();
  const watch = path.join(runFolder, 'watch');
  const order = at('order');
  const note = (step: StepName) => sh`echo ${step} >> ${order}`;
  const step = (step: StepName, script: Script) => lines(options.more?.[step] ?? sh``, script, note(step));
  const undo = {
    about: '{}',
    part: '0',
    files: step('files', lines(sh`(`, undoScript(scripts, items), sh`) || exit`)),
    close: step('close', sh`printf closed > ${live('.maintenance')}`),
    database: step('database', sh`cp -- ${at(name, 'private', lock.runId, 'dump', '0')} ${at('rows')}`),
    visitors: step('visitors', sh`rm -f -- ${live('.maintenance')}`),
    tidy: step(
      'tidy',
      sh`rm -rf -- ${['staged', 'new', 'old', 'dump'].map((kind) => path.join(runFolder, kind))}`,
    ),
  };
  const on = async (script: Script) =>
    (await runOk(connection, script, { attempted: 'A test', signal: never, timeLimit: 60_000 })).toString();
  await on(sh`PATH=${bin}; umask 077; mkdir -- ${watch}`);
  const terms = { term: options.term ?? 5, tick: 0.1, patience: options.patience ?? 3600, shell };
  await on(
    lines(
      lock.fence,
      sh`umask 077`,
      writeText(remotePath(path.join(watch, 'lease')), 'first'),
      writeText(remotePath(path.join(watch, 'program')), watchdogProgram(scripts, lock, terms).text),
      setUndoScript(remotePath(watch), 'one', undo),
      swapScript(scripts, items),
    ),
  );
  let leases = 0;
  const program = path.join(watch, 'program');
  const loop = () => {
    try {
      return Number(fs.readFileSync(path.join(watch, 'loop'), 'utf8').split(' ')[0]);
    } catch {
      return 0;
    }
  };
  return {
    folder,
    bin,
    watch,
    runFolder,
    privateFolder,
    lock,
    connection,
    files,
    whole,
    on,
    loop,
    order: () => (fs.existsSync(order) ? fs.readFileSync(order, 'utf8').trim().split('\n') : []),
    renew() {
      leases += 1;
      fs.writeFileSync(path.join(watch, 'lease.new'), `${leases}\n`);
      fs.renameSync(path.join(watch, 'lease.new'), path.join(watch, 'lease'));
    },
    arm: () => on(lines(lock.fence, sh`PATH=${bin}; ${shell} ${program} arm`)),
    reboot() {
      spawn(shell, [program, 'run'], {
        env: { PATH: '/usr/bin:/bin' },
        stdio: 'ignore',
        detached: true,
      }).unref();
    },
    report: () => {
      const file = path.join(runFolder, 'report');
      return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null;
    },
    [Symbol.dispose]() {
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
