import { describe, expect, it } from 'vitest';
import { JournaledPart } from '../../../main/updates/run-plan.ts';
import { heed, parseReport, reportOfComputer } from '../../../main/updates/watchdog-report.ts';

const whole = `1750000000 fence done 1
1750000001 files done
1750000001 close done
1750000002 database failed ERROR 2002 (HY000): Can't connect
1750000004 database done
1750000004 visitors done
1750000004 tidy done
1750000005 end done
`;

/** A component of a run, as far as it matters here. */
const aPart = (outcome: JournaledPart['outcome']) =>
  JournaledPart.parse({
    ...{ kind: 'plugin', slug: 'akismet', name: 'Akismet', from: '5.2', to: '5.3', migrates: 'no' },
    ...{ items: [], dump: null, offlineAt: null, outcome },
  });

describe('the report of a computer that took a run over', () => {
  it('is read as a watchdog’s, and says who it was', () => {
    const report = parseReport(reportOfComputer(1, true));
    expect(report).toMatchObject({ part: 1, brought: true, ended: true, by: 'computer' });
    expect(parseReport(whole)?.by).toBe('watchdog');
  });
});

describe('the report of a watchdog', () => {
  it('says which component was brought back, what was done, and what failed first', () => {
    const report = parseReport(whole);
    expect(report).toMatchObject({ part: 1, brought: true, ended: true });
    expect(report?.lines[3]).toEqual({
      at: 1_750_000_002_000,
      step: 'database',
      outcome: 'failed',
      words: "ERROR 2002 (HY000): Can't connect",
    });
  });

  it('cut off anywhere, it never says more than was done', () => {
    const opened = whole.indexOf('visitors done') + 'visitors done'.length;
    for (let length = 0; length < opened; length += 1)
      expect(parseReport(whole.slice(0, length))?.brought ?? false).toBe(false);
    expect(parseReport(whole.slice(0, opened))).toMatchObject({ brought: true, ended: false });
  });

  it('leaves out what is no line of a report, and times that the site cannot tell', () => {
    expect(parseReport('')).toBeNull();
    expect(parseReport('<html>\n\n1 files perhaps\n1 rocket done\n')).toBeNull();
    expect(parseReport('- fence done -\nnonsense\n- visitors done \n')).toEqual({
      lines: [
        { at: null, step: 'fence', outcome: 'done', words: '-' },
        { at: null, step: 'visitors', outcome: 'done', words: '' },
      ],
      part: null,
      brought: true,
      ended: false,
      by: 'watchdog',
    });
  });

  it('outweighs what the journal thinks of that component, once the site is back', () => {
    const plan = { parts: [aPart('kept'), aPart('waiting')] };
    const report = parseReport(whole);
    const begun = parseReport('1 fence done 1\n1 files done\n');
    if (report === null || begun === null) throw new Error('no report');
    expect(heed(plan, report).parts.map(({ outcome }) => outcome)).toEqual(['kept', 'undone']);
    expect(heed(plan, begun)).toBe(plan);
  });
});
