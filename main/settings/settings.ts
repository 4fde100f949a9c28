import { createSignal, type Signal } from '../words/index.ts';
import type { JsonFile } from './json-file.ts';
import { Preferences, type PreferencesEdit } from './preferences.ts';

/** The user's preferences, with what the environment points elsewhere laid over them. */
export interface Settings {
  get(): Preferences;
  set(edit: PreferencesEdit): Preferences;
  readonly changed: Signal<Preferences>;
}

/** Settings over a JSON file. What cannot be read there falls back to its default. */
export function openSettings(file: JsonFile, environment: NodeJS.ProcessEnv): Settings {
  const changed = createSignal<Preferences>();
  const usual = Preferences.parse({});
  // Where the user's own rules can't be read, no backup is removed by others.
  const careful = { ...usual, backups: { ...usual.backups, thin: false } };
  const stored = () => Preferences.catch(careful).parse(file.get('preferences') ?? {});
  const get = () => {
    const preferences = stored();
    return {
      ...preferences,
      sources: {
        wordpressApi: environment['GROUNDSKEEPER_WORDPRESS_API'] ?? preferences.sources.wordpressApi,
        wordpressDownloads:
          environment['GROUNDSKEEPER_WORDPRESS_DOWNLOADS'] ?? preferences.sources.wordpressDownloads,
      },
    };
  };
  return {
    get,
    set(edit) {
      const before = stored();
      const after = Preferences.parse({
        ...before,
        ...edit,
        checks: { ...before.checks, ...edit.checks },
        updates: { ...before.updates, ...edit.updates },
        backups: { ...before.backups, ...edit.backups },
        notifications: { ...before.notifications, ...edit.notifications },
        sources: { ...before.sources, ...edit.sources },
      });
      file.set('preferences', after);
      changed.emit(get());
      return get();
    },
    changed,
  };
}
