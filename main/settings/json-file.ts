import type Conf from 'conf';

/**
 * One JSON file of the data folder. The desktop hands in electron-store, which is `conf` with Electron's
 * folder; everything else uses `conf` itself. Both write whole files by rename.
 */
export interface JsonFile {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  delete(key: string): void;
}

export type OpenJsonFile = (name: string) => JsonFile;

/** Opens files with `conf` in a folder. */
export function confFiles(ConfClass: typeof Conf, folder: string): OpenJsonFile {
  return (name) =>
    new ConfClass<Record<string, unknown>>({
      cwd: folder,
      configName: name,
      configFileMode: 0o600,
      accessPropertiesByDotNotation: false,
      clearInvalidConfig: false,
    });
}
