import { describe, expect, it } from 'vitest';
import { openSettings, Preferences } from '../../../main/settings/index.ts';
import { aJsonFile } from '../samples.ts';

const defaults = Preferences.parse({});

describe('preferences', () => {
  it('have a default for everything', () => {
    expect(openSettings(aJsonFile(), {}).get()).toEqual(defaults);
  });

  it('change one by one, are kept, and say that they changed', () => {
    const file = aJsonFile();
    const settings = openSettings(file, {});
    const heard: unknown[] = [];
    settings.changed.on((preferences) => void heard.push(preferences.checks));
    settings.set({ checks: { atOnce: 8 } });
    settings.set({ theme: 'dark' });
    expect(openSettings(file, {}).get()).toEqual({
      ...defaults,
      theme: 'dark',
      checks: { ...defaults.checks, atOnce: 8 },
    });
    expect(heard).toEqual([
      { ...defaults.checks, atOnce: 8 },
      { ...defaults.checks, atOnce: 8 },
    ]);
  });

  it('refuse what makes no sense, and stay as they were', () => {
    const settings = openSettings(aJsonFile(), {});
    expect(() => settings.set({ checks: { everyHours: 0 } })).toThrow();
    expect(() => settings.set({ sources: { wordpressApi: 'file:///etc/passwd' } })).toThrow();
    expect(settings.get()).toEqual(defaults);
  });

  it('that cannot be read fall back to the defaults, but then no backup is removed by rules that are not the user’s', () => {
    expect(openSettings(aJsonFile({ preferences: { theme: 'plaid' } }), {}).get()).toEqual({
      ...defaults,
      backups: { ...defaults.backups, thin: false },
    });
  });

  it('let the environment point the sources elsewhere without saving that', () => {
    const file = aJsonFile();
    const settings = openSettings(file, { GROUNDSKEEPER_WORDPRESS_API: 'http://127.0.0.1:1' });
    expect(settings.get().sources).toEqual({ ...defaults.sources, wordpressApi: 'http://127.0.0.1:1' });
    settings.set({ theme: 'light' });
    expect(JSON.stringify(file.get('preferences'))).not.toContain('127.0.0.1');
  });
});
