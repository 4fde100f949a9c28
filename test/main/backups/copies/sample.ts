import { folderPlace } from '../../../../main/backups/copies/folder-place.ts';
import type { Source } from '../../../../main/backups/copies/update.ts';
import type { MovableStore } from '../../../../main/backups/index.ts';

export const stamp = { mode: 0o644, mtime: '1700000000.5', ctime: '1700000000.5', inode: '7' };

/** A store as its copies see it; nobody removed anything. */
export function sourceOf(store: MovableStore): Source {
  const never = new AbortController().signal;
  return {
    place: folderPlace(store.folder, never),
    id: store.state().id,
    inspect: (name, bytes) => store.inspect(name, bytes),
    steady: (work) => store.steady(work),
    damage: async () => (await store.verify(null, never, () => {}, 'new')).damage,
    removed: () => false,
  };
}
