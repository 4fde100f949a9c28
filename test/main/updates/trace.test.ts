import { describe, expect, it } from 'vitest';
import { parseTrace } from '../../../main/updates/files-only/trace.ts';

const plan = {
  ...{ root: '/srv/site', privateFolder: '/srv/.groundskeeper/x', runFolder: null, backupId: null },
  ...{ php: 'php', choices: [], parts: [], runners: ['groundskeeper-0123456789abcdef.php'] },
};

describe('what a run over SFTP left for another computer', () => {
  it('is read as it was left', () => {
    expect(parseTrace(JSON.stringify({ plan, undo: 0 }))).toEqual({ plan, undo: 0 });
  });

  it.each([
    ['nothing', ''],
    ['half of it', JSON.stringify({ plan, undo: 0 }).slice(0, 40)],
    ['another thing', '[]'],
    ['a component that cannot be', JSON.stringify({ plan, undo: -1 })],
    ['a path that is none', JSON.stringify({ plan: { ...plan, root: 'a\0b' }, undo: null })],
    [
      'a file of ours that lies elsewhere',
      JSON.stringify({ plan: { ...plan, runners: ['../x'] }, undo: null }),
    ],
  ])('%s is refused in words', (_what, text) => {
    expect(() => parseTrace(text)).toThrow(expect.objectContaining({ code: 'trace-unreadable' }) as Error);
  });
});
