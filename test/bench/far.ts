import path from 'node:path';
import { keyFile, openStoreInThread, type Store } from '../../main/backups/index.ts';
import { newSiteId } from '../../main/words/index.ts';
import { aPool, at, backUpFolder } from '../integration/reach.ts';
import { farFrom } from '../rig/far.ts';
import { anSshHost, aTempFolder, type SshHost } from '../rig/index.ts';
import type { Benchmark, Contender } from './harness.ts';
import { ssh } from './peers.ts';
import { FILES, plantTree } from './tree-on-host.ts';

/**
 * The site of `backup`, behind a round trip. Each of ours connects anew, as `ssh` does.
 * @param roundTrip milliseconds
 */
export function far(roundTrip: number): Benchmark {
  return {
    name: `far-${roundTrip}`,
    what: `20,000 files, 300 MB, at ${roundTrip} ms of round trip (a relay on loopback that holds each byte back for half of it)`,
    aims: { 'Groundskeeper, cold': 1.3 },
    async prepare() {
      const host = await anSshHost();
      const way = await farFrom(host.port, roundTrip);
      const behind: SshHost = { ...host, port: way.port };
      const temp = aTempFolder('bench-far');
      const root = plantTree(host);
      const site = { id: newSiteId(), name: 'Far', root: at(root) };
      let store: Store | null = null;
      let number = 0;
      const take = async () => {
        if (store === null) throw new Error('no store');
        using pool = aPool([behind]);
        const into = store;
        const taken = await backUpFolder(pool, behind, into, site);
        if (taken.files !== FILES + 1) throw new Error(`${taken.files} files came`);
      };
      const contenders: Contender[] = [
        { name: 'ssh tar > /dev/null', run: () => ssh(behind, `tar -C ${root} -cf - . > /dev/stdout`) },
        {
          name: 'Groundskeeper, cold',
          ours: true,
          async before() {
            await store?.close();
            store = await openStoreInThread(path.join(temp.path, `store-${(number += 1)}`), {
              clock: Date.now,
              keeper: keyFile(path.join(temp.path, 'keys')),
            });
          },
          run: take,
        },
        { name: 'Groundskeeper, nothing changed', ours: true, run: take },
        { name: 'ssh true', run: () => ssh(behind, 'true') },
      ];
      return {
        contenders,
        async stop() {
          await store?.close();
          await way.stop();
          await host.stop();
          temp.remove();
        },
      };
    },
  };
}
