/**
 * Where secrets are sealed. The desktop hands in the system's (Electron's safeStorage); without one a
 * passphrase opens them, or they live only as long as the process.
 */
export interface Keychain {
  /** `weak`: the system has one that anybody on this computer can open. `session`: nothing is written. */
  readonly kind: 'system' | 'weak' | 'passphrase' | 'session';
  /** For the settings page, e.g. `macOS Keychain`. */
  readonly name: string;
  readonly warning: string | null;
  seal(plain: string): Promise<Buffer>;
  /**
   * @param renew called with the same secret sealed anew, where the system changed its key; keep that instead.
   * @throws when it was sealed by another keychain or changed since.
   */
  open(sealed: Buffer, renew?: (sealed: Buffer) => void): Promise<string>;
}
