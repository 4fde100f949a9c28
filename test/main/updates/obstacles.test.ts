import { expect, it } from 'vitest';
import { tooLittleRoom } from '../../../main/updates/obstacles.ts';
import { remotePath } from '../../../main/words/index.ts';

it('room is needed twice for what is written, and once for a dump', () => {
  const free = (bytes: number) => tooLittleRoom(remotePath('/site'), bytes, { bytes: 1000, dump: 500 });
  expect(free(2600)).toBeNull();
  expect(free(2599)).toMatchObject({ code: 'remote-disk-full' });
});
