import type { Keychain } from '../../settings/index.ts';

/** The asynchronous half of Electron's `safeStorage`; the other is deprecated and leaves with version 46. */
export type SafeStorage = {
  isAsyncEncryptionAvailable(): Promise<boolean>;
  encryptStringAsync(plain: string): Promise<Buffer>;
  decryptStringAsync(sealed: Buffer): Promise<{ shouldReEncrypt: boolean; result: string }>;
  getSelectedStorageBackend(): string;
};

const NAMES: Readonly<Record<string, string>> = {
  darwin: 'macOS Keychain',
  win32: 'Windows Data Protection',
  gnome_libsecret: 'GNOME Keyring',
  kwallet: 'KWallet',
  kwallet5: 'KWallet',
  kwallet6: 'KWallet',
};

const WEAK =
  'This desktop has no keychain that Groundskeeper knows, so whoever can read your files can read the passwords. Start GNOME Keyring or KWallet, or sign in with an SSH agent instead of passwords.';

/**
 * The system's keychain, to be asked for once the app is ready; null where there is none at all.
 * On Linux without a keyring Chromium seals with a key that everybody knows: then it is `weak`, and says so.
 */
export async function systemKeychain(
  storage: SafeStorage,
  platform: NodeJS.Platform,
): Promise<Keychain | null> {
  if (!(await storage.isAsyncEncryptionAvailable())) return null;
  const backend = platform === 'linux' ? storage.getSelectedStorageBackend() : platform;
  const weak = backend === 'basic_text' || backend === 'unknown';
  return {
    kind: weak ? 'weak' : 'system',
    name: weak ? 'No keychain' : (NAMES[backend] ?? 'System keychain'),
    warning: weak ? WEAK : null,
    seal: (plain) => storage.encryptStringAsync(plain),
    async open(sealed, renew) {
      const { shouldReEncrypt, result } = await storage.decryptStringAsync(sealed);
      // The system's key changed: what was sealed by the old one is sealed again by the new.
      if (shouldReEncrypt) renew?.(await storage.encryptStringAsync(result));
      return result;
    },
  };
}
