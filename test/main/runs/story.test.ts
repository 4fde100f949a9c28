import { describe, expect, it } from 'vitest';
import { storyOf, storyText, type RunDetails, type Step } from '../../../main/runs/index.ts';
import type { RunId, SiteId } from '../../../main/words/index.ts';

const AT = Date.UTC(2026, 0, 2, 3, 4, 5);
let seq = 0;
const step = (name: string, title: string, part: Partial<Step> = {}): Step => ({
  seq: (seq += 1),
  name,
  title,
  state: 'done',
  startedAt: AT + seq * 1000,
  endedAt: AT + seq * 1000 + 400,
  detail: '',
  seen: [],
  ...part,
});

const run: RunDetails = {
  id: 'run_000000000000' as RunId,
  kind: 'update',
  siteId: 'site_000000000000' as SiteId,
  siteName: 'The bakery',
  title: 'Update Hero Slider to 2.0.0',
  state: 'rolled-back',
  createdAt: AT,
  startedAt: AT,
  endedAt: AT + 95_000,
  progress: null,
  expected: [],
  summary:
    'Hero Slider 2.0.0 made the site worse and was taken back to 1.0.0: /: the page says “Fatal error”.',
  problem: null,
  worsened: [],
  cancellable: false,
  steps: [
    step('preflight', 'Look whether it can be done', { detail: 'Hero Slider 1.0.0 → 2.0.0' }),
    step('backup', 'Back up the site', {
      detail: '1345 files and the database, verified.',
      endedAt: AT + 200_000,
    }),
    step('swap hero-slider', 'Swap Hero Slider 2.0.0 in', { state: 'undone' }),
    step('judge hero-slider', 'Look whether the site got worse', {
      state: 'failed',
      detail: '/: “Fatal error”',
    }),
    step('undo hero-slider', 'Bring Hero Slider 1.0.0 back', { detail: 'The site is as it was.' }),
  ],
  log: [
    { seq: 1, at: AT, level: 'info', text: 'Nothing much' },
    { seq: 2, at: AT + 9000, level: 'error', text: 'Hero Slider made the site\nworse' },
  ],
};

describe('the story of a run', () => {
  it('says what was done, seen and taken back, in that order, with times', () => {
    expect(storyText(run)).toBe(`What it was
  Update Hero Slider to 2.0.0, on The bakery.
  Begun 2026-01-02 at 03:04:05 (UTC).

What was done
  03:04:07  Back up the site (3 minutes 18 s). 1345 files and the database, verified.
  03:04:08  Swap Hero Slider 2.0.0 in (0.4 s). It was taken back later.

What was seen
  03:04:06  Look whether it can be done (0.4 s). Hero Slider 1.0.0 → 2.0.0.
  03:04:09  Look whether the site got worse (0.4 s). /: “Fatal error”. So the site was worse than before.
  03:04:14  Error: Hero Slider made the site worse.

What was taken back
  03:04:10  Bring Hero Slider 1.0.0 back (0.4 s). The site is as it was.

How it ended
  2026-01-02 at 03:05:40 (UTC), after 1 minute 35 s.
  It was taken back.
  Hero Slider 2.0.0 made the site worse and was taken back to 1.0.0: /: the page says “Fatal error”.
`);
  });

  it('says of a run that failed what was tried, what answered, and what to do', () => {
    const problem = {
      code: 'remote-disk-full',
      message: 'There is not enough space on the server.',
      attempted: 'Look at /srv/www',
      answered: '2 MB free',
      todo: 'Free some space there',
    };
    const told = storyOf({ ...run, state: 'failed', summary: '', problem, steps: [], log: [] });
    expect(told.map(({ title }) => title)).toEqual(['What it was', 'How it ended']);
    expect(told[1]?.lines.slice(-4)).toEqual([
      'There is not enough space on the server.',
      'Tried: Look at /srv/www.',
      'Answered: 2 MB free.',
      'To do: Free some space there.',
    ]);
  });
});
