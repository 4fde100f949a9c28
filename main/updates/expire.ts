import type { Reach } from '../connections/index.ts';
import { runOk, sh } from '../connections/index.ts';
import type { Site } from '../sites/index.ts';
import type { Clock } from '../words/index.ts';
import { removeTree } from './files-only/over-sftp.ts';
import type { KeptTrees } from './kept.ts';

/** Removes old trees from a site whose time is over. Afterwards a rollback comes from the store. */
export async function expireKept(
  services: { readonly kept: KeptTrees; readonly reach: Reach; readonly clock: Clock },
  site: Site,
  signal: AbortSignal,
): Promise<void> {
  const over = (await services.kept.of(site.id)).filter((record) => record.expiresAt < services.clock());
  for (const { runId, tree } of over) {
    await services.reach(site, signal, async (connection) => {
      if (connection.onlyFiles) {
        const files = await connection.files();
        await removeTree(files, tree.runFolder);
        await files.removeFolder(tree.privateFolder);
        return;
      }
      await runOk(
        connection,
        sh`rm -rf -- ${tree.runFolder}; rmdir -- ${tree.privateFolder} 2>/dev/null || :`,
        {
          attempted: 'Remove an old version that was kept',
          signal,
          timeLimit: 300_000,
        },
      );
    });
    await services.kept.forget(runId);
  }
}
