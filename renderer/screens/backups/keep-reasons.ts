import type { KeepReason } from '../../../main/api/index.ts';
import { date, month } from '../../words/format.svelte.ts';
import { t } from '../../words/words.svelte.ts';

/** Why a backup is kept, in the words that say most: a pin before a rule, a long rule before a short one. */
export function keptBecause(reasons: readonly KeepReason[]): string {
  const [first] = [...reasons].sort((a, b) => RANK.indexOf(a.rule) - RANK.indexOf(b.rule));
  return first === undefined ? t('keep.reason.none') : inWords(first);
}

const RANK: readonly KeepReason['rule'][] = [
  'pinned',
  'needed',
  'monthly',
  'weekly',
  'daily',
  'last',
  'everything',
  'at-least',
  'future',
];

function inWords(reason: KeepReason): string {
  switch (reason.rule) {
    case 'last':
      return t('keep.reason.last', { place: reason.place });
    case 'everything':
      return t('keep.reason.everything', { days: reason.days });
    case 'daily':
      return t('keep.reason.daily', { period: date(Date.parse(`${reason.period}T12:00:00`)) });
    case 'monthly':
      return t('keep.reason.monthly', { period: month(Date.parse(`${reason.period}-15T12:00:00`)) });
    case 'weekly':
      return t('keep.reason.weekly', { week: reason.period.replace(/^(\d+)-W0?(\d+)$/, '$2, $1') });
    case 'at-least':
    case 'pinned':
    case 'needed':
    case 'future':
      return t(`keep.reason.${reason.rule}`);
  }
}
