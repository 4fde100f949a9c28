import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { lines, sh } from '../../../main/connections/index.ts';
import { parseReport } from '../../../main/updates/watchdog-report.ts';
import { endProcess } from '../../rig/end-process.ts';
import { never } from '../samples.ts';
import { aWatchedSite, type Shell, type WatchedSite } from './watchdog-site.ts';

const SHELLS: Shell[] = ['dash', 'busybox'];
/** Ticks: long enough for whoever renews it to be held up by everything else that a busy machine does. */
const LONG_TERM = 40;
/** Waits until it holds. (`expect.poll` does not work in tests that run side by side.) */
async function eventually(check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 60_000, interval: 50 });
}
const alive = (pid: number) => {
  try {
    return !/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

/** The site is as it was before the update, open, nobody's, and nothing is left on it but the report. */
async function expectBroughtBack(site: WatchedSite): Promise<void> {
  await eventually(() => expect(fs.readdirSync(site.runFolder)).toEqual(['report']));
  expect(site.files()).toBe(site.whole);
  expect(fs.readdirSync(site.privateFolder)).toEqual([path.basename(site.runFolder)]);
  expect(parseReport(site.report() ?? '')).toMatchObject({ part: 0, brought: true, ended: true });
}

describe.concurrent.each(SHELLS)('a watchdog in %s, with hardly a program', (shell) => {
  it('brings the site back when its lease is over: files, then the database, then visitors', async () => {
    using site = await aWatchedSite({ shell, term: 10, name: 'it\'s an "odd"\n\\place % of $HOME' });
    expect(await site.arm()).toBe('reboot none\ndetached shell\nwatching yes\n');
    const modes = fs
      .readdirSync(site.watch, { recursive: true, encoding: 'utf8' })
      .map((name) => fs.statSync(path.join(site.watch, name)).mode & 0o077);
    expect(new Set([fs.statSync(site.watch).mode & 0o077, ...modes])).toEqual(new Set([0]));
    await expectBroughtBack(site);
    expect(site.order()).toEqual(['files', 'close', 'database', 'visitors', 'tidy']);
    expect(fs.readFileSync(path.join(site.folder, 'rows'), 'utf8')).toBe('rows');
    expect(site.report()).toMatch(/^- fence done 0\n/);
  });

  it('does not fire while it is told that the run lives, and goes with all its things when the run is over', async () => {
    using site = await aWatchedSite({ shell, term: LONG_TERM });
    await site.arm();
    const swapped = site.files();
    for (let time = 0; time < 120; time += 1) {
      site.renew();
      await wait(50);
    }
    expect(site.files()).toBe(swapped);
    const loop = site.loop();
    await site.lock.release(site.connection, never);
    await eventually(() => expect(alive(loop)).toBe(false));
    expect(fs.existsSync(site.watch)).toBe(false);
    expect(site.files()).toBe(swapped);
    expect(site.order()).toEqual([]);
  });

  it.each(['files', 'close', 'database', 'visitors', 'tidy'] as const)(
    'killed in the middle of “%s”, it goes on after a reboot, and what it left at work is ended first',
    async (step) => {
      const gate = (folder: string) => path.join(folder, 'gate');
      using site = await aWatchedSite({
        shell,
        more: {
          [step]: sh`if mkdir -- "$gate" 2>/dev/null; then sleep 100; echo late > "$gate/late"; fi`,
        },
      });
      // Every script of the undo is told where its gate is.
      fs.writeFileSync(
        path.join(site.watch, 'program'),
        `gate='${gate(site.folder)}'\n${fs.readFileSync(path.join(site.watch, 'program'), 'utf8')}`,
      );
      await site.arm();
      await eventually(() => expect(fs.existsSync(gate(site.folder))).toBe(true));
      const hands = fs
        .readdirSync(path.join(site.privateFolder, 'lock'))
        .filter((name) => /^hand\.\d+$/.test(name));
      const pids = hands.map((name) => Number(name.slice('hand.'.length)));
      const loop = site.loop();
      const others = pids.filter((pid) => pid !== loop);
      expect([pids.includes(loop), others.length]).toEqual([true, 1]);
      endProcess(loop);
      await eventually(() => expect(alive(loop)).toBe(false));
      expect(others.every(alive)).toBe(true);

      site.reboot();

      await expectBroughtBack(site);
      expect(others.some(alive)).toBe(false);
      expect(fs.readdirSync(gate(site.folder))).toEqual([]);
    },
  );

  it('ends a running migration, with what it started, before it undoes anything', async () => {
    using site = await aWatchedSite({ shell });
    const child = path.join(site.folder, 'child');
    const migration = site.on(
      lines(site.lock.fence, sh`(trap '' TERM HUP; sleep 100) & echo "$!" > ${child}; wait`),
    );
    migration.catch(() => {});
    await eventually(() => expect(fs.existsSync(child) && fs.readFileSync(child, 'utf8') !== '').toBe(true));
    const pid = Number(fs.readFileSync(child, 'utf8'));
    await site.arm();
    await expectBroughtBack(site);
    expect(alive(pid)).toBe(false);
    await expect(migration).rejects.toThrow();
  });

  it('tries again what failed, and keeps visitors out meanwhile', async () => {
    using site = await aWatchedSite({
      shell,
      more: {
        database: sh`cd -- "$watch/.."; for one in try1 try2; do if mkdir "$one" 2>/dev/null; then echo 'server has gone away' >&2; exit 1; fi; done; [ -f looked ] || { echo 'server has gone away' >&2; exit 1; }; rm -r try1 try2 looked`,
      },
    });
    await site.arm();
    await eventually(() => expect(fs.existsSync(path.join(site.runFolder, 'try2'))).toBe(true));
    expect(site.files()).toBe(
      `--deleted "file"=old\n.maintenance=closed\n${site.whole.slice(site.whole.indexOf('\n') + 1)}`,
    );
    fs.writeFileSync(path.join(site.runFolder, 'looked'), '');
    await expectBroughtBack(site);
    const report = parseReport(site.report() ?? '');
    const failed = report?.lines.filter(({ outcome }) => outcome === 'failed') ?? [];
    expect(failed.length).toBeGreaterThanOrEqual(2);
    for (const line of failed)
      expect(line).toEqual({ at: null, step: 'database', outcome: 'failed', words: 'server has gone away' });
  });

  it('disarmed at any moment around its firing, it does nothing more, and the turn is the run’s', async () => {
    await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        using site = await aWatchedSite({ shell, term: 3, more: { files: sh`sleep 0.2` } });
        await site.arm();
        const loop = site.loop();
        await wait(index * 120);
        const disarmed = await site.lock.takeTurnFromWatchdog(site.connection, never).then(
          () => true,
          () => false,
        );
        if (!disarmed) {
          // It had come to its end: the site is not the run's any more.
          await expectBroughtBack(site);
          return;
        }
        const [files, order] = [site.files(), site.order()];
        expect(alive(loop)).toBe(false);
        expect(await site.on(lines(site.lock.fence, sh`echo mine`))).toBe('mine\n');
        await wait(600);
        expect(site.files()).toBe(files);
        expect(site.order()).toEqual(order);
        expect(fs.readdirSync(path.join(site.privateFolder, 'lock')).sort()).toEqual([
          'alive',
          'owner',
          'turn',
        ]);
      }),
    );
  });

  it('ended just when it had given the site back, it leaves nothing there', async () => {
    // Its `mv` of the lock comes through only when whoever disarms it has already begun to end it.
    const mv = `case $* in
*/watch/lock) trap '' TERM; until [ -f "$2/hand.watchdog" ] || [ ! -d "$2" ]; do sleep 0.05; done ;;
esac
exec mv "$@"`;
    using site = await aWatchedSite({ shell, term: 3, programs: { mv } });
    await site.arm();
    await eventually(() => expect(site.report()).not.toBeNull());
    await expect(site.lock.takeTurnFromWatchdog(site.connection, never)).rejects.toThrow();
    await expectBroughtBack(site);
  });
});

it.concurrent('neither a clock that leaps nor one that cannot be read makes it fire', async () => {
  using site = await aWatchedSite({
    term: LONG_TERM,
    programs: { date: 'now=$(/bin/date +%s); echo "$((now + $$ * 1000000))"' },
  });
  await site.arm();
  const swapped = site.files();
  for (let time = 0; time < 120; time += 1) {
    site.renew();
    await wait(50);
  }
  expect(site.files()).toBe(swapped);
  await expectBroughtBack(site);
});

it.concurrent.each([
  ['setsid', ['setsid', 'nohup'], 'SIGKILL'],
  ['nohup', ['nohup'], 'SIGHUP'],
  ['shell', [], 'SIGHUP'],
] as const)('outlives the session that left it there, by %s', async (means, tools, signal) => {
  using site = await aWatchedSite({ tools, term: 20 });
  const program = path.join(site.watch, 'program');
  const session = spawn(
    '/bin/sh',
    ['-c', `PATH='${site.bin}' '${site.folder}/sh' '${program}' arm; /bin/sleep 100`],
    { detached: true, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  let said = '';
  session.stdout.on('data', (data: Buffer) => (said += data.toString()));
  await eventually(() => expect(said).toContain(`detached ${means}\nwatching yes\n`));
  if (session.pid === undefined) throw new Error('the session did not start');
  process.kill(-session.pid, signal);
  await expectBroughtBack(site);
});

describe.concurrent('after a reboot', () => {
  /** crontab as cron has it: `-l`, `-r`, and a file, which has to end with a newline. */
  const crontab = (folder: string) => `tab='${folder}/crontab'
case $1 in
-l) [ -f "$tab" ] || { echo "no crontab for $(id -un)" >&2; exit 1; }; cat "$tab" ;;
-r) rm "$tab" ;;
-) ulimit -S -f unlimited; cat > "$tab" ;;
*) [ ! -s "$1" ] || [ "$(tail -c 1 "$1" | wc -l)" = 1 ] || { echo 'missing newline before EOF' >&2; exit 1; }
   ulimit -S -f unlimited; cp "$1" "$tab"; chmod 600 "$tab" ;;
esac
`;
  const install = (site: WatchedSite) =>
    fs.writeFileSync(
      path.join(site.bin, 'crontab'),
      `#!/bin/sh\nPATH=/usr/bin:/bin\n${crontab(site.folder)}`,
      { mode: 0o755 },
    );
  const odd = Buffer.from(
    'MAILTO=""\n# caf\xe9 \x81\x88 \\n $(x)\n\n  0 5 * * * echo "100\\%"  \n',
    'latin1',
  );

  it.each([
    ['none', null],
    ['an empty one', Buffer.alloc(0)],
    ['one with odd lines', odd],
  ])('cron starts it again; the crontab (%s) is byte by byte the same afterwards', async (_name, before) => {
    using site = await aWatchedSite({ term: 20 });
    install(site);
    const tab = path.join(site.folder, 'crontab');
    if (before !== null) fs.writeFileSync(tab, before);
    expect(await site.arm()).toContain('reboot cron\n');
    const line = fs.readFileSync(tab, 'latin1').split('\n').at(-2) ?? '';
    expect(fs.readFileSync(tab).subarray(0, before?.length ?? 0)).toEqual(before ?? Buffer.alloc(0));
    expect(line).toMatch(new RegExp(`^@reboot .* # groundskeeper ${site.lock.runId}$`));

    endProcess(site.loop());
    const [, command = ''] = /^@reboot (.*)$/.exec(line) ?? [];
    spawn('/bin/sh', ['-c', command], {
      detached: true,
      stdio: 'ignore',
      env: { PATH: '/usr/bin:/bin' },
    }).unref();

    await expectBroughtBack(site);
    expect(fs.existsSync(tab) ? fs.readFileSync(tab) : null).toEqual(before);
  });

  it('a crontab without a newline at its end keeps its lines; one that was changed meanwhile keeps what is new', async () => {
    using site = await aWatchedSite({ term: 20 });
    install(site);
    const tab = path.join(site.folder, 'crontab');
    fs.writeFileSync(tab, '0 1 * * * first');
    await site.arm();
    expect(fs.readFileSync(tab, 'utf8')).toMatch(/^0 1 \* \* \* first\n@reboot .*\n$/);
    fs.appendFileSync(tab, '0 2 * * * second # groundskeeper\n');
    await expectBroughtBack(site);
    expect(fs.readFileSync(tab, 'utf8')).toBe('0 1 * * * first\n0 2 * * * second # groundskeeper\n');
  });

  it('a computer that goes while it arms: the loop runs all the same, and no line stays in the crontab', async () => {
    using site = await aWatchedSite();
    install(site);
    // Nobody takes what arming says: its first word ends a program that does not expect that.
    spawn('/bin/sh', ['-c', `'${site.folder}/sh' '${site.watch}/program' arm | exec /bin/true`], {
      env: { PATH: site.bin },
      stdio: 'ignore',
    });
    await expectBroughtBack(site);
    expect(fs.existsSync(path.join(site.folder, 'crontab'))).toBe(false);
  });

  const second = Buffer.from('0 2 * * * caf\xe9 \x81\x88 \\n "second"\n', 'latin1');
  it.each(
    SHELLS.flatMap((shell) =>
      (
        [
          ['none before', null, null],
          ['one before', odd, null],
          ['one changed meanwhile', odd, second],
        ] as const
      ).map((row) => [shell, ...row] as const),
    ),
  )('on a full disk no line stays in the crontab (%s, %s)', async (shell, _name, before, meanwhile) => {
    using site = await aWatchedSite({ shell, term: 600 });
    install(site);
    const tab = path.join(site.folder, 'crontab');
    if (before !== null) fs.writeFileSync(tab, before);
    expect(await site.arm()).toContain('reboot cron\n');
    if (meanwhile !== null) fs.appendFileSync(tab, meanwhile);
    // Files are made, and nothing goes into them. The crontab itself lies on a disk of the system.
    const full = `trap '' XFSZ; PATH='${site.bin}'; ulimit -S -f 0; exec '${site.folder}/sh' '${site.watch}/program' forget`;
    execFileSync('/bin/sh', ['-c', full], { stdio: 'ignore' });
    const after = before === null ? null : Buffer.concat([before, meanwhile ?? Buffer.alloc(0)]);
    expect(fs.existsSync(tab) ? fs.readFileSync(tab) : null).toEqual(after);
  });

  it('a crontab that cannot be read is left alone', async () => {
    using site = await aWatchedSite();
    fs.writeFileSync(
      path.join(site.bin, 'crontab'),
      '#!/bin/sh\n[ "$1" = -l ] || echo touched > "${0%/*}/touched"\necho "you are not allowed to use this program" >&2; exit 1\n',
      { mode: 0o755 },
    );
    expect(await site.arm()).toContain('reboot none\n');
    await expectBroughtBack(site);
    expect(fs.existsSync(path.join(site.bin, 'touched'))).toBe(false);
  });
});
