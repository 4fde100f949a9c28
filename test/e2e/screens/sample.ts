import path from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { type Page, test as base, expect } from '@playwright/test';
import { type WebShell, serveWeb } from '../../../main/shells/web/index.ts';
import { fakeApi } from '../fake/api.ts';

const RENDERER = path.resolve(import.meta.dirname, '../../../out/renderer');

export type Sample = {
  readonly page: Page;
  readonly api: ReturnType<typeof fakeApi>;
  readonly shell: WebShell;
  /** Goes to a place of the app, e.g. `#/settings`. */
  readonly go: (hash: string) => Promise<void>;
};

/** The nth site of the sample fleet. */
export const siteId = (index: number) => `site_${String(index).padStart(12, '0')}`;

/** Opens the app in a window, on a sample fleet of so many sites. What the page complains about fails the test. */
export const test = base.extend<{
  open: (options?: Partial<Parameters<typeof fakeApi>[0]>) => Promise<Sample>;
}>({
  open: async ({ page }, use) => {
    const complaints: string[] = [];
    const closing: (() => Promise<void>)[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await use(async (options) => {
      const api = fakeApi({ sites: options?.lost ? 0 : 12, stepMillis: 250, ...options });
      const shell = await serveWeb({ router: api.router, port: 0, rendererFolder: RENDERER });
      closing.push(async () => {
        api.close();
        await shell.close();
      });
      await page.goto(shell.url);
      await expect(page.getByRole('navigation', { name: /Main|メイン/ })).toBeVisible();
      await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
      const go = async (hash: string) => {
        await page.goto(`http://127.0.0.1:${shell.port}/${hash}`);
        await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
      };
      return { page, api, shell, go };
    });
    for (const close of closing) await close();
    expect(
      complaints.filter((text) => !text.includes('WebSocket') && !text.includes('ERR_CONNECTION')),
    ).toEqual([]);
  },
});

/** What axe looks at that is another matter in other colours; all else of a page is the same in light and dark. */
const OF_COLOURS = ['color-contrast', 'link-in-text-block'];

/**
 * Fails with the rule and the element of everything that axe finds.
 * @param what `colours`: the page was looked at whole before, in other colours
 */
export async function expectAccessible(page: Page, what: 'all' | 'colours' = 'all'): Promise<void> {
  // Colours on their way from light to dark, or of what is only appearing, are no colours of ours.
  await page.evaluate(
    'document.getAnimations().filter((each) => each.effect?.getComputedTiming().endTime !== Infinity).forEach((each) => each.finish())',
  );
  const axe = new AxeBuilder({ page });
  if (what === 'colours') axe.withRules(OF_COLOURS);
  else axe.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
  const { violations } = await axe.analyze();
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes
      .slice(0, 3)
      .map(({ html, any }) => `${id}: ${help}\n  ${html.slice(0, 200)}\n  ${any[0]?.message ?? ''}`),
  );
  expect(found).toEqual([]);
}

export { expect };
