/**
 * A gate on the host and before the site's web server: every command of a run, every program that such a command
 * starts to change something, and every look at a page stops there, and goes on when we say so. So a fault strikes
 * exactly where it is meant to.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { aTempFolder } from '../rig/folders.ts';
import { whereIs } from '../rig/commands.ts';
import { sftpGate } from './sftp-gate.ts';

/** Programs that change a site, or ask it to. */
const PROGRAMS = ['mv', 'cp', 'rm', 'ln', 'perl', 'tar', 'php', 'mariadb-dump', 'mariadb'];

/** Where something could strike, in the order in which a run comes by. */
export interface Point {
  readonly step: string;
  /** `before` and `after` a command, `page`, or the name of a program. */
  readonly at: string;
}

/** Where something strikes: at the point `index` of a step, counted from 0. */
export interface Target {
  readonly step: string;
  readonly index: number;
}

export interface Gate {
  /** For the host: programs that stop at the gate, and what every command goes through. */
  readonly tools: Readonly<Record<string, string>>;
  readonly through: string;
  /** The same for a host that gives SFTP alone. */
  readonly throughSftp: string;
  readonly folder: string;
  /** The crontab of the host's account; null: there is none. */
  crontab(): string | null;
  /** From now on the account's PHP does not start. */
  killPhp(dead: boolean): void;
  /** A page is asked for. */
  knock(path: string): Promise<void>;
  /** Follows a run whose journal lies in a data folder; strikes once. */
  watch(dataFolder: string, target: Target | null, strike: () => Promise<void>): Watch;
  close(): void;
}

export interface Watch {
  /** What the run came by. */
  readonly points: readonly Point[];
  /** Where it struck; null: not yet. */
  struckAt(): Point | null;
  /** Resolves when it has struck. */
  readonly struck: Promise<void>;
  /** Nobody is stopped any more. */
  end(): void;
}

export function aGate(): Gate {
  const temp = aTempFolder('gate');
  const folder = temp.path;
  fs.chmodSync(folder, 0o777);
  const at = (name: string) => path.join(folder, name);
  execFileSync('mkfifo', ['-m', '622', at('asked')]);
  const ask = `ask() {
  go=${folder}/go.$$.$1
  mkfifo "$go" 2>/dev/null || return 0
  exec 9<> "$go"
  echo "$go $1" > ${folder}/asked
  read -r answer <&9
  exec 9>&-
  /bin/rm -f "$go"
}`;
  const tools: Record<string, string> = {};
  for (const name of PROGRAMS) {
    const real = whereIs(name);
    if (real === null) continue;
    const dead =
      name === 'php'
        ? `[ ! -e ${folder}/php-dead ] || { echo 'php: error while loading shared libraries' >&2; exit 127; }\n`
        : '';
    tools[name] =
      `${dead}[ -n "$GATED" ] && [ -e ${folder}/armed ] || exec ${real} "$@"\n${ask}\nask ${name}\nexec ${real} "$@"`;
  }
  tools['crontab'] = `tab=${folder}/crontab
case $1 in
-l) [ -f "$tab" ] || { echo "no crontab for $(id -un)" >&2; exit 1; }; cat "$tab" ;;
-r) /bin/rm "$tab" ;;
-) cat > "$tab" ;;
*) [ ! -s "$1" ] || [ "$(tail -c 1 "$1" | wc -l)" = 1 ] || { echo 'missing newline before EOF' >&2; exit 1; }
   /bin/cp "$1" "$tab" ;;
esac`;
  // The script is read as the command itself would read it, to leave signs of life alone: they are nobody's step.
  fs.writeFileSync(
    at('through'),
    `#!/bin/sh
[ -e ${folder}/armed ] || exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
case $SSH_ORIGINAL_COMMAND in *'dd bs='*) ;; *) exec /bin/sh -c "$SSH_ORIGINAL_COMMAND" ;; esac
size=\${SSH_ORIGINAL_COMMAND#*dd bs=}
size=\${size%% *}
script=${folder}/script.$$
dd bs="$size" count=1 iflag=fullblock of="$script" 2>/dev/null
run='script=$(cat "$0"); /bin/rm -f "$0"; eval "$script"'
if grep -q 'watch/lease.part' "$script"; then exec /bin/sh -c "$run" "$script"; fi
${ask}
GATED=yes
export GATED
ask before
setsid --wait /bin/sh -c "$run" "$script"
code=$?
ask after
exit "$code"
`,
    { mode: 0o755 },
  );
  fs.writeFileSync(at('through-sftp'), sftpGate(folder), { mode: 0o755 });
  // Read as a socket is: a file's read would block a thread for good, and with it the end of this process.
  const stream = new Socket({
    fd: fs.openSync(at('asked'), fs.constants.O_RDWR | fs.constants.O_NONBLOCK),
    writable: false,
  });
  let current: { come: (at: string) => Promise<void> } | null = null;
  const answer = async (go: string, what: string) => {
    await current?.come(what);
    try {
      const handle = fs.openSync(go, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK);
      fs.writeSync(handle, 'go\n');
      fs.closeSync(handle);
    } catch {
      // Whoever asked was ended meanwhile.
    }
  };
  const reading = createInterface(stream);
  reading.on('line', (line) => {
    const [go = '', what = ''] = line.split(' ');
    void answer(go, what);
  });

  return {
    tools,
    through: at('through'),
    throughSftp: at('through-sftp'),
    folder,
    crontab: () => (fs.existsSync(at('crontab')) ? fs.readFileSync(at('crontab'), 'utf8') : null),
    killPhp(dead) {
      if (dead) fs.writeFileSync(at('php-dead'), '');
      else fs.rmSync(at('php-dead'), { force: true });
    },
    knock: async () => current?.come('page'),
    watch(dataFolder, target, strike) {
      const points: Point[] = [];
      const { promise: struck, resolve, reject } = Promise.withResolvers<void>();
      struck.catch(() => {});
      let where: Point | null = null;
      let inStep = 0;
      const journal = aJournal(dataFolder);
      const mine = {
        async come(what: string) {
          const step = journal.step();
          if (step === null) return;
          const point = { step, at: what };
          points.push(point);
          if (target === null || where !== null) return;
          if (step === target.step) inStep += 1;
          // One that comes by fewer points than it did before is struck right after the step.
          if (step === target.step ? inStep <= target.index : inStep === 0) return;
          where = point;
          fs.rmSync(at('armed'), { force: true });
          await strike().then(resolve, reject);
        },
      };
      current = mine;
      fs.writeFileSync(at('armed'), '');
      return {
        points,
        struck,
        struckAt: () => where,
        end() {
          fs.rmSync(at('armed'), { force: true });
          if (current === mine) current = null;
          journal.close();
        },
      };
    },
    close() {
      reading.close();
      stream.destroy();
      temp.remove();
    },
  };
}

/** The journal of a data folder, as the run that is going on writes it. */
function aJournal(dataFolder: string): { step(): string | null; close(): void } {
  const database = new DatabaseSync(path.join(dataFolder, 'groundskeeper.db'), { readOnly: true });
  const last = database.prepare(
    "SELECT name FROM steps WHERE run_id = (SELECT id FROM runs WHERE kind = 'update' ORDER BY created_at DESC LIMIT 1) ORDER BY seq DESC LIMIT 1",
  );
  return {
    step() {
      const name = last.get()?.['name'];
      return typeof name === 'string' ? name : null;
    },
    close: () => database.close(),
  };
}
