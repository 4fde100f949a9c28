import fs from 'node:fs';
import path from 'node:path';
import { keyFile, openStoreInThread, restoreToFolder, type Store } from '../../main/backups/index.ts';
import { never, quietly } from '../main/samples.ts';
import { aPool, at, backUpFolder } from '../integration/reach.ts';
import { newSiteId } from '../../main/words/index.ts';
import { anSshHost, aTempFolder, type SshHost } from '../rig/index.ts';
import type { Benchmark, Contender } from './harness.ts';
import { bytesIn, command, isThere, resticIn, ssh, sshOptions } from './peers.ts';
import { plantTree } from './tree-on-host.ts';

/** A site of that many files and 300 MB, one of them a dump of 60 MB, pulled over SSH into a sealed store. */
export function backup(name: string, count: number): Benchmark {
  return {
    name,
    what: `${count.toLocaleString('en')} files, 300 MB, one dump of 60 MB in it, on a local sshd; our store is sealed`,
    aims: AIMS,
    prepare: () => prepare(count),
  };
}

const AIMS = {
  'Groundskeeper, cold': 3,
  'Groundskeeper, nothing changed': 0.4,
  'Groundskeeper, 1 % changed': 0.6,
  'Groundskeeper, deep verify': 1.5,
  'Groundskeeper, restored to disk': 3.5,
};

async function prepare(count: number): ReturnType<Benchmark['prepare']> {
  const host = await anSshHost();
  const temp = aTempFolder('bench');
  const root = plantTree(host, count);
  const site = { id: newSiteId(), name: 'Bench', root: at(root) };
  const pool = aPool([host]);
  let number = 0;
  let store: Store | null = null;
  let folder = '';
  let added = 0;
  let memory: { before: number; peak: number } | null = null;
  const fresh = async (name: string) => {
    await store?.close();
    if (folder !== '') fs.rmSync(folder, { recursive: true, force: true });
    folder = path.join(temp.path, `${name}-${(number += 1)}`);
    store = await openStoreInThread(folder, {
      clock: Date.now,
      keeper: keyFile(path.join(temp.path, 'keys')),
    });
  };
  const opened = () => {
    if (store === null) throw new Error('no store');
    return store;
  };
  const take = async () => {
    const before = memory === null ? startWatching() : 0;
    const taken = await backUpFolder(pool, host, opened(), site);
    if (taken.files !== count + 1) throw new Error(`${taken.files} files came`);
    added = taken.addedBytes;
    memory ??= { before, peak: memoryOf('VmHWM') };
  };
  // Everybody writes to a folder that was not there before, and all are deleted at the very end: for minutes after
  // many files were deleted, ext4 passes over each of their inodes whenever a file is made, ten times as slowly.
  let places = 0;
  const newPlace = (name: string) => path.join(temp.path, `${name}-${(places += 1)}`);
  let copy = '';
  let repo = '';
  let restored = '';
  let sizes: string[] = [];
  /** Bytes of our store with one backup in it, as restic's is compared. */
  let first = 0;
  let round = 0;
  const contenders: Contender[] = [
    { name: 'ssh tar > /dev/null', run: () => ssh(host, `tar -C ${root} -cf - . > /dev/stdout`) },
    { name: 'Groundskeeper, cold', ours: true, before: () => fresh('store'), run: take },
    {
      name: 'Groundskeeper, nothing changed',
      ours: true,
      async before() {
        first = bytesIn(folder);
      },
      run: take,
    },
    {
      name: 'Groundskeeper, 1 % changed',
      ours: true,
      before: async () => {
        changeSome(root, (round += 1), count);
      },
      async run() {
        await take();
        sizes = [`1 % changed: ${Math.round(added / 1000)} kB added`];
      },
    },
    {
      name: 'Groundskeeper, deep verify',
      ours: true,
      async run() {
        const { damage } = await opened().verify(null, never, quietly, 'deep');
        if (damage.length > 0) throw new Error(damage.join('\n'));
      },
    },
    {
      name: 'Groundskeeper, restored to disk',
      ours: true,
      async before() {
        restored = newPlace('restored');
      },
      async run() {
        const [latest] = await opened().list();
        if (latest === undefined) throw new Error('no backup');
        const snapshot = await opened().open(latest.id);
        await restoreToFolder(snapshot, [], restored, false, never, quietly);
      },
    },
    {
      name: 'rsync -a, cold',
      rounds: 2,
      async before() {
        copy = newPlace('copy');
      },
      run: () => rsync(host, root, copy),
    },
    { name: 'rsync -a, nothing changed', rounds: 2, run: () => rsync(host, root, copy) },
  ];
  if (await isThere('restic')) {
    const restic = (...args: string[]) => resticIn(repo, temp.path)(...args);
    contenders.push(
      {
        name: 'restic of the files on the spot, cold',
        rounds: 2,
        async before() {
          repo = newPlace('restic');
          await restic('init');
        },
        run: () => restic('backup', root),
      },
      { name: 'restic, nothing changed', rounds: 2, run: () => restic('backup', root) },
      { name: 'restic check --read-data', rounds: 2, run: () => restic('check', '--read-data') },
      {
        name: 'restic restore',
        rounds: 2,
        async before() {
          restored = newPlace('restored');
        },
        run: () => restic('restore', 'latest', '--target', restored),
      },
    );
  }
  return {
    contenders,
    notes: () => [
      ...sizes,
      `our store: ${megabytes(first)}${fs.existsSync(repo) ? `; restic's: ${megabytes(bytesIn(repo))}` : ''}`,
      `memory while the first backup was taken, store's threads and all: ${memory?.peak ?? 0} MB at most, ${memory?.before ?? 0} MB before`,
    ],
    async stop() {
      await store?.close();
      pool[Symbol.dispose]();
      await host.stop();
      temp.remove();
    },
  };
}

/** MB that this process has, or had at most (Linux: proc(5)). */
function memoryOf(what: 'VmRSS' | 'VmHWM'): number {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  return Math.round(Number(new RegExp(`^${what}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024);
}

/** What it had at most counts from now on. */
function startWatching(): number {
  fs.writeFileSync('/proc/self/clear_refs', '5');
  return memoryOf('VmRSS');
}

function changeSome(root: string, round: number, count: number): void {
  for (let at = round; at < count; at += 100) {
    const file = path.join(root, `folder-${at % 97}`, `below-${at % 13}`, `file-${at}.php`);
    fs.appendFileSync(file, `// changed ${round}\n`);
  }
}

function rsync(host: SshHost, root: string, copy: string): Promise<void> {
  return command('rsync', [
    '-a',
    '-e',
    `ssh ${sshOptions(host).join(' ')}`,
    `${host.user}@${host.host}:${root}/`,
    `${copy}/`,
  ]);
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
