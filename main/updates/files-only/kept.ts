import type { Hands } from '../hands.ts';
import type { JournaledPart } from '../run-plan.ts';
import { withFiles } from './over-sftp.ts';
import { allKept } from './swap.ts';

/** Whether every old tree is still there, and what was installed is what is installed now. */
export async function areKeptOverSftp(hands: Hands, parts: readonly JournaledPart[]): Promise<boolean> {
  const { components } = (await hands.reading()).inventory;
  const same = parts.every((part) =>
    components.some(
      ({ kind, slug, version }) => kind === part.kind && slug === part.slug && version === part.to,
    ),
  );
  const items = parts.flatMap((part) => part.items);
  return same && (await withFiles(hands, (files) => allKept(files, items)));
}
