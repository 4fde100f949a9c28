import { count, currentLocale, t } from './words.svelte.ts';

/** Moves on every half minute, so that "3 minutes ago" stays true. */
let now = $state(Date.now());
setInterval(() => (now = Date.now()), 30_000);

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000_000],
  ['month', 2_592_000_000],
  ['week', 604_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** A moment in the past, shortly: `3 hr. ago`. */
export function ago(at: number): string {
  const past = Math.max(0, now - at);
  const format = new Intl.RelativeTimeFormat(currentLocale(), { numeric: 'auto', style: 'narrow' });
  for (const [unit, size] of UNITS) if (past >= size) return format.format(-Math.floor(past / size), unit);
  return t('ago.now');
}

/** A moment in full, for titles and details. */
export function moment(at: number): string {
  return new Intl.DateTimeFormat(currentLocale(), { dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

/** A day with its year, for what holds for long: `21 Nov 2026`. */
export function date(at: number): string {
  return new Intl.DateTimeFormat(currentLocale(), { dateStyle: 'medium' }).format(at);
}

export function month(at: number): string {
  return new Intl.DateTimeFormat(currentLocale(), { month: 'long', year: 'numeric' }).format(at);
}

export function day(at: number): string {
  return new Intl.DateTimeFormat(currentLocale(), {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
  }).format(at);
}

export function timeOfDay(at: number, seconds = false): string {
  const second = seconds ? ({ second: '2-digit', hourCycle: 'h23' } as const) : {};
  return new Intl.DateTimeFormat(currentLocale(), { hour: '2-digit', minute: '2-digit', ...second }).format(
    at,
  );
}

export function number(value: number): string {
  return new Intl.NumberFormat(currentLocale()).format(value);
}

/** Bytes in the unit that reads best, in powers of 1000 as systems show them. */
export function bytes(value: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
  let at = 0;
  let shown = value;
  while (shown >= 999.5 && at < units.length - 1) {
    shown /= 1000;
    at += 1;
  }
  const digits = at === 0 || shown >= 99.5 ? 0 : 1;
  return new Intl.NumberFormat(currentLocale(), {
    style: 'unit',
    unit: units[at] ?? 'byte',
    unitDisplay: at === 0 ? 'long' : 'short',
    maximumFractionDigits: digits,
  }).format(shown);
}

/** How long something took: `4 s`, `2 min 5 s`. */
export function duration(millis: number): string {
  const unit = (name: string, value: number, digits = 0) =>
    new Intl.NumberFormat(currentLocale(), {
      style: 'unit',
      unit: name,
      unitDisplay: 'narrow',
      maximumFractionDigits: digits,
    }).format(value);
  if (millis < 950) return unit('millisecond', Math.round(millis));
  const seconds = millis / 1000;
  if (seconds < 60) return unit('second', seconds, seconds < 10 ? 1 : 0);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${unit('minute', minutes)} ${unit('second', Math.round(seconds % 60))}`;
  return `${unit('hour', Math.floor(minutes / 60))} ${unit('minute', minutes % 60)}`;
}

/** How long something still takes, roughly, as an estimate is: `about 2 minutes left`. */
export function timeLeft(millis: number): string {
  if (millis < 55_000) return t('left.soon');
  const minutes = Math.max(1, Math.round(millis / 60_000));
  return minutes < 90 ? count('left.minutes', minutes) : count('left.hours', Math.round(minutes / 60));
}
