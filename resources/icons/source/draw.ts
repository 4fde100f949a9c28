/**
 * Draws every icon of the app from one shape: `node resources/icons/source/draw.ts`. Run it after changing the
 * shape, and commit what it wrote. Needs Chromium (PLAYWRIGHT_CHROMIUM or /usr/bin/chromium).
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Browser, chromium } from '@playwright/test';
import { icns, ico } from './containers.ts';

const OUT = path.resolve(import.meta.dirname, '..');
const GREEN = '#1f6247';
const PAPER = '#fbfefc';

/** The young plant and its plot, in a field of 64. */
const plant = (colour: string, width: number) =>
  `<g fill="none" stroke="${colour}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round">
    <path d="M32 50V31M32 34c0-9-6-14-16-14 0 9 6 14 16 14Zm0-6c0-8 6-13 16-13 0 9-6 14-16 14"/><path d="M17 50h30"/>
  </g>`;

const svg = (inside: string, box = '0 0 64 64') =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%" viewBox="${box}">${inside}</svg>`;

const appIcon = svg(`<rect width="64" height="64" rx="15" fill="${GREEN}"/>${plant(PAPER, 4.6)}`);
/** macOS leaves a margin around the shape. */
const macIcon = svg(
  `<rect width="64" height="64" rx="15" fill="${GREEN}"/>${plant(PAPER, 4.6)}`,
  '-6 -6 76 76',
);
const template = svg(plant('#000', 6), '8 8 48 48');

const STATES = { calm: null, waiting: '#c77700', working: '#2f74c8', trouble: '#d0342c' } as const;

/** A tray picture for Windows and Linux: readable on light and dark panels, the state and number in a corner. */
function trayIcon(colour: string | null, label: string): string {
  const shape = `<rect x="2" y="2" width="60" height="60" rx="14" fill="${GREEN}"/>${plant(PAPER, 5.4)}`;
  if (colour === null) return svg(shape);
  if (label === '')
    return svg(`${shape}<circle cx="49" cy="49" r="13" fill="${colour}" stroke="#fff" stroke-width="4"/>`);
  return svg(
    `${shape}<circle cx="43" cy="43" r="20" fill="${colour}" stroke="#fff" stroke-width="3"/>
    <text x="43" y="54" text-anchor="middle" font-family="DejaVu Sans, Arial, sans-serif" font-weight="700"
      font-size="30" fill="#fff">${label}</text>`,
  );
}

async function png(browser: Browser, picture: string, size: number): Promise<Buffer> {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(
    `<style>html,body{margin:0;height:100%;background:transparent}svg{display:block}</style>${picture}`,
  );
  const image = await page.screenshot({ omitBackground: true });
  await page.close();
  return image;
}

const browser = await chromium.launch({
  executablePath: process.env['PLAYWRIGHT_CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
const sizes = async (picture: string, wanted: readonly number[]) =>
  Promise.all(wanted.map(async (size) => ({ size, png: await png(browser, picture, size) })));

await rm(path.join(OUT, 'tray'), { recursive: true, force: true });
await mkdir(path.join(OUT, 'tray'), { recursive: true });
await writeFile(path.join(OUT, 'icon.png'), await png(browser, appIcon, 512));
await writeFile(path.join(OUT, 'icon.ico'), ico(await sizes(appIcon, [16, 24, 32, 48, 64, 256])));
await writeFile(path.join(OUT, 'icon.icns'), icns(await sizes(macIcon, [16, 32, 64, 128, 256, 512, 1024])));
await writeFile(path.join(OUT, 'tray', 'trayTemplate.png'), await png(browser, template, 18));
await writeFile(path.join(OUT, 'tray', 'trayTemplate@2x.png'), await png(browser, template, 36));
for (const [state, colour] of Object.entries(STATES)) {
  const labels = colour === null ? [''] : ['', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'many'];
  for (const label of labels) {
    const name = label === '' ? state : `${state}-${label}`;
    const picture = trayIcon(colour, label === 'many' ? '9+' : label);
    await writeFile(path.join(OUT, 'tray', `${name}.png`), await png(browser, picture, 24));
    await writeFile(path.join(OUT, 'tray', `${name}@2x.png`), await png(browser, picture, 48));
  }
}
await browser.close();
