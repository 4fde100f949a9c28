import { PNG } from 'pngjs';
import type { PageLook, PageSeen } from '../../../main/runs/index.ts';

const look = (part: Partial<PageLook> = {}): PageLook => ({
  status: 200,
  title: 'Hollyhock Bakery',
  words: 412,
  millis: 184,
  fault: null,
  certificate: null,
  ...part,
});
const page = (path: string, part: Partial<PageSeen> = {}): PageSeen => ({
  page: path,
  way: 'network',
  before: look(),
  after: look({ millis: 190 }),
  verdict: 'same',
  words: [],
  picture: null,
  ...part,
});

/** What steps of these names saw. */
export const SEEN: Readonly<Record<string, PageSeen[]>> = {
  judge: [
    page('/', {
      words: ['4 % of its picture differs.'],
      picture: { before: 'before.png', after: 'after.png', difference: 'difference.png', differs: 0.04 },
    }),
    page('/2026/05/sourdough-again/'),
    page('/wp-login.php', {
      before: look({ words: 31, millis: 96 }),
      after: look({ words: 31, millis: 101 }),
    }),
    page('/', { way: 'loopback' }),
  ],
};

/** What a judge saw that took an update back. */
export const SEEN_WORSE: PageSeen[] = [
  page('/', {
    after: look({
      status: 500,
      title: '',
      words: 12,
      fault: 'There has been a critical error on this website',
    }),
    verdict: 'worse',
    words: ['the page says “There has been a critical error on this website”.'],
  }),
  page('/wp-login.php'),
];

/** A page in stripes; the difference is red. */
export function samplePicture(name: string): string {
  const picture = new PNG({ width: 640, height: 400 });
  for (let at = 0; at < picture.data.length; at += 4) {
    const y = Math.floor(at / 4 / picture.width);
    const [red, green, blue] =
      y < 60
        ? [122, 74, 33]
        : name.startsWith('difference') && y > 300
          ? [217, 48, 37]
          : [253, 246, 227 - (y % 40)];
    picture.data.set([red, green, blue, 255], at);
  }
  return PNG.sync.write(picture).toString('base64');
}
