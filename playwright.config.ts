import { defineConfig } from '@playwright/test';

/** End to end in Chromium, through the web shell. The screens on the sample fleet; the whole line on real servers. */
export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '**/*.spec.ts',
  globalSetup: './test/e2e/build.ts',
  fullyParallel: true,
  workers: 2,
  timeout: 45_000,
  expect: { timeout: 8_000 },
  forbidOnly: true,
  reporter: 'list',
  use: {
    browserName: 'chromium',
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    actionTimeout: 20_000,
    launchOptions: {
      executablePath: process.env['PLAYWRIGHT_CHROMIUM'] || '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    },
    // A trace costs a quarter of the time: ask for it with `--trace on`.
    screenshot: 'only-on-failure',
  },
});
