import type { Site } from '../../../sites/index.ts';
import { Problem } from '../../../words/index.ts';

/** What `sites edit` takes of how a site is judged. */
export interface JudgingOptions {
  php?: string;
  probe?: string[];
  slowerTimes?: string;
  wordsLost?: string;
  pictureDiffers?: string;
  pictures?: string;
}

/**
 * A site's settings with what was given; null where nothing was.
 * @throws Problem `bad-option`
 */
export function settingsFrom(settings: Site['settings'], options: JudgingOptions): Site['settings'] | null {
  const { php, probe, slowerTimes, wordsLost, pictureDiffers, pictures } = options;
  const given = [php, probe, slowerTimes, wordsLost, pictureDiffers, pictures];
  if (given.every((one) => one === undefined)) return null;
  return {
    ...settings,
    ...(php === undefined ? {} : { php }),
    ...(probe === undefined ? {} : { probePaths: probe.filter((path) => path !== '') }),
    judging: {
      ...settings.judging,
      ...(slowerTimes === undefined
        ? {}
        : { slowerTimes: slowerTimes === 'usual' ? null : numberIn('--slower-times', slowerTimes, 2, 100) }),
      ...(wordsLost === undefined ? {} : { wordsLost: numberIn('--words-lost', wordsLost, 5, 100) }),
      ...(pictureDiffers === undefined
        ? {}
        : { pictureDiffers: numberIn('--picture-differs', pictureDiffers, 5, 100) }),
      ...(pictures === undefined ? {} : { pictures: onOrOff(pictures) }),
    },
  };
}

function numberIn(option: string, given: string, least: number, most: number): number {
  const number = Number(given.replace(/%$/, ''));
  if (given !== '' && number >= least && number <= most) return number;
  throw badOption(option, `a number from ${least} to ${most}`, given);
}

function onOrOff(given: string): boolean {
  if (given === 'on' || given === 'off') return given === 'on';
  throw badOption('--pictures', 'on or off', given);
}

function badOption(option: string, wanted: string, given: string): Problem {
  return new Problem({ code: 'bad-option', message: `${option} takes ${wanted}, not “${given}”.` });
}
