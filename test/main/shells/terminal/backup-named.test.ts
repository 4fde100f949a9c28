import { expect, it } from 'vitest';
import { timeOf } from '../../../../main/shells/terminal/commands/backup-named.ts';

it('a day counts to its end, a time is taken as it is, anything else is no date', () => {
  expect(timeOf('2026-11-20')).toBe(new Date(2026, 10, 20, 23, 59, 59, 999).getTime());
  expect(timeOf('2026-11-20T14:00')).toBe(new Date(2026, 10, 20, 14).getTime());
  expect(timeOf('2026-11-20 14:00:30')).toBe(new Date(2026, 10, 20, 14, 0, 30).getTime());
  for (const word of ['backup_0123456789ab', '', 'yesterday', '2026-13-45', '2026-11-20T25:00', '20.11.2026'])
    expect(timeOf(word)).toBeNull();
});
