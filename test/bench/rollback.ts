import fs from 'node:fs';
import path from 'node:path';
import { runCommand } from '../rig/commands.ts';
import {
  aMariaDb,
  anApp,
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  aWordPressSite,
  goodPlugins,
} from '../rig/index.ts';
import type { Benchmark } from './harness.ts';
import { command, sshOptions } from './peers.ts';

const { photoGallery } = goodPlugins;
const PLUGIN = 'wp-content/plugins/photo-gallery';
/** What rsync does as well, and that each file is compared: without looking, backing up and judging. */
const BROUGHT = 'of that, bringing the files back';

/** How long taking the update of a plugin of a thousand files back takes, from the command to a site that was looked at; rsync only copies. */
export const rollback: Benchmark = {
  name: 'rollback',
  what: 'an update of a plugin of 1,000 files taken back by hand (aim 2 s from the kept tree), and an rsync of the same tree',
  aims: { [BROUGHT]: 1.5, 'from the store': 1.5 },
  async prepare() {
    const [host, mariadb, org] = await Promise.all([anSshHost(), aMariaDb(), aWordPressOrg()]);
    const temp = aTempFolder('rollback');
    const wp = await aWordPressSite({
      ...{ on: host, version: '6.4', database: mariadb.aDatabase(), plugins: [photoGallery.old] },
    });
    org.offer(photoGallery.new);
    const app = await anApp(org);
    const site = await app.add(wp, host, 'Gallery');
    const old = path.join(temp.path, 'old');
    runCommand('cp', ['-a', path.join(wp.root, PLUGIN), old]);
    const whole = wp.files();
    const phases = new Map<string, string>();

    const updated = async () => {
      await app.check(site);
      const choices = [{ kind: 'plugin' as const, slug: 'photo-gallery' }];
      const run = await app.ended(await app.client.updates.start({ siteId: site.id, choices }));
      if (run.state !== 'done') throw new Error(`${run.state}: ${run.summary}`);
    };
    const isBack = () => {
      if (wp.files() !== whole) throw new Error('the site is not as it was');
    };
    const rolledBack = (name: string) => async () => {
      const { runId } = await app.client.updates.rollback({ siteId: site.id });
      const run = await app.ended({ runId });
      if (run.state !== 'done') throw new Error(`${run.state}: ${run.summary}`);
      const { steps } = await app.client.runs.show({ runId });
      const millis = steps.map((step) => `${step.name} ${(step.endedAt ?? 0) - (step.startedAt ?? 0)}`);
      phases.set(name, `${name}: ${millis.join(', ')} ms`);
      brought = steps
        .filter((step) => ['stage', 'undo'].includes(step.name))
        .reduce((sum, step) => sum + (step.endedAt ?? Number.NaN) - (step.startedAt ?? 0), 0);
      isBack();
    };
    let brought = Number.NaN;
    return {
      contenders: [
        {
          name: 'rsync',
          before: updated,
          async run() {
            const shell = ['ssh', ...sshOptions(host)].join(' ');
            const to = `${host.user}@${host.host}:${wp.root}/${PLUGIN}/`;
            await command('rsync', ['-a', '--delete', '-e', shell, `${old}/`, to]);
          },
        },
        { name: 'from the kept tree', ours: true, before: updated, run: rolledBack('from the kept tree') },
        {
          name: 'from the store',
          ours: true,
          async before() {
            await updated();
            for (const folder of fs.globSync(`${host.account.home}/.groundskeeper/*/run_*/old`))
              fs.rmSync(folder, { recursive: true });
          },
          run: rolledBack('from the store'),
        },
        { name: BROUGHT, ours: true, run: () => Promise.resolve(brought) },
      ],
      notes: () => [...phases.values()],
      async stop() {
        await app.close();
        await wp.stop();
        await Promise.all([host.stop(), mariadb.stop(), org.stop()]);
        temp.remove();
      },
    };
  },
};
