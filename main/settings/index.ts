/** Preferences and secrets. */
export { KeepRules } from './keep-rules.ts';
export { BackupHours, Preferences, PreferencesEdit } from './preferences.ts';
export { openSettings, type Settings } from './settings.ts';
export { confFiles, type JsonFile, type OpenJsonFile } from './json-file.ts';
export type { Keychain } from './keychain.ts';
export { headlessKeychain, passphraseKeychain, sessionKeychain } from './passphrase.ts';
export { openSecrets, type Secrets } from './secrets.ts';
