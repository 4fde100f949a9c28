import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flatten, openStoreInThread } from '../../main/backups/index.ts';
import { newSiteId, remotePath } from '../../main/words/index.ts';
import { aClock } from '../main/samples.ts';
import { anApp, anSshHost, aTempFolder, connectionTo, type SshHost } from '../rig/index.ts';
import { anOddFolder, ODD_NAMES } from '../rig/odd-folder.ts';
import { aPool, at, backUpFolder } from './reach.ts';

/** A host that knows neither ctime nor inode, as many a network disk. */
const FORGETFUL = `n=$#
while [ $n -gt 0 ]; do set -- "$@" "$(printf %s "$1" | sed 's/%C@/-1.0/g; s/%i/-1/g')"; shift; n=$((n - 1)); done
exec /usr/bin/find "$@"`;

let gnu: SshHost;
let shasum: SshHost;
let files: SshHost;
let pool: ReturnType<typeof aPool>;
beforeAll(async () => {
  [gnu, shasum, files] = await Promise.all([
    anSshHost({ find: FORGETFUL }),
    anSshHost({ find: FORGETFUL }, { without: ['sha256sum'] }),
    anSshHost({}, { onlySftp: true }),
  ]);
  pool = aPool([gnu, shasum, files]);
});
afterAll(async () => {
  pool[Symbol.dispose]();
  await Promise.all([gnu, shasum, files].map((host) => host.stop()));
});

/** Changes a file so that neither its size nor its time shows it. */
function changeUnseen(file: string, content: string): void {
  const { atime, mtime, size } = fs.statSync(file);
  fs.writeFileSync(file, content.padEnd(size, '.').slice(0, size));
  fs.utimesSync(file, atime, mtime);
}

describe.each([
  ['sha256sum', () => gnu, 'ssh', 1],
  ['shasum', () => shasum, 'ssh', 1],
  ['SFTP only', () => files, 'sftp', ODD_NAMES.length + 7],
] as const)('a sweep of a host that has %s', (_name, hostOf, kind, fetched) => {
  it('finds what changed and does not show it, and nothing else', async () => {
    const host = hostOf();
    const folder = anOddFolder(host);
    const long = new Date('2024-01-01');
    for (const name of fs.readdirSync(folder, { encoding: 'buffer', recursive: false })) {
      const file = Buffer.concat([Buffer.from(`${folder}/`), name]);
      if (fs.lstatSync(file).isFile()) fs.utimesSync(file, long, long);
    }
    const temp = aTempFolder('store');
    const clock = aClock();
    const store = await openStoreInThread(path.join(temp.path, 'store'), { clock, keeper: null });
    const site = { id: newSiteId(), name: 'Bakery', root: at(folder) };
    const take = async (sweeps: boolean) => {
      const log: string[] = [];
      const hidden: number[] = [];
      clock.forward(60_000);
      const backup = await backUpFolder(pool, host, store, site, {
        kind,
        ...(sweeps ? { onSwept: (count: number) => hidden.push(count) } : {}),
        log: (_level, text) => log.push(text),
      });
      return { backup, log, hidden };
    };
    const contentOf = async ({ backup }: Awaited<ReturnType<typeof take>>, name: string) => {
      const snapshot = await store.open(backup.id);
      for await (const { path: found, entry } of flatten(snapshot, ''))
        if (found === name && entry.kind === 'file') {
          let content = '';
          for await (const piece of snapshot.read(entry.blobs)) content += piece.toString('utf8');
          return content;
        }
      return null;
    };
    await take(false);
    changeUnseen(path.join(folder, 'new\nline'), 'hacked');
    expect(await contentOf(await take(false), 'new\nline')).toBe('content of new\nline');
    const swept = await take(true);
    expect(swept.hidden).toEqual([1]);
    expect(await contentOf(swept, 'new\nline')).toMatch(/^hacked/);
    expect(swept.log).toContain('Had changed, and its size and time did not show it: new\nline');
    expect(swept.log[0]).toBe(`${ODD_NAMES.length + 7} files, ${fetched} of them new or changed.`);
    expect((await take(true)).hidden).toEqual([0]);
    await store.close();
    temp.remove();
  });
});

it('comes round by itself, and when it is asked for', async () => {
  const folder = fs.mkdtempSync(path.join(files.folder, 'plain-'));
  const file = path.join(folder, 'index.html');
  fs.writeFileSync(file, 'as it was');
  fs.utimesSync(file, new Date('2024-01-01'), new Date('2024-01-01'));
  execFileSync('chown', ['-hR', `${files.account.uid}:${files.account.gid}`, folder]);
  await using app = await anApp(null);
  const connection = { ...connectionTo(files), kind: 'sftp' as const };
  const trial = await app.client.connections.test({ connection });
  if (trial.outcome === 'unknown-host') await app.client.connections.trust({ key: trial.key });
  const site = await app.client.sites.add({
    draft: {
      ...{ name: 'Plain', url: 'http://127.0.0.1:9/', platform: 'files', root: remotePath(folder) },
      ...{ connection, tags: [], notes: '', settings: {} },
    },
  });
  const summaryOf = async (sweep: boolean) =>
    (await app.ended(await app.client.backups.start({ siteId: site.id, sweep }))).summary;
  // It never was compared, so it is due.
  expect(await summaryOf(false)).toContain('Every file was compared');
  changeUnseen(file, 'hacked');
  expect(await summaryOf(false)).not.toContain('compared');
  expect(await summaryOf(true)).toContain('1 file had changed without showing it');
  await app.client.preferences.set({ backups: { sweepEveryDays: 0 } });
  expect(await summaryOf(false)).not.toContain('compared');
});
