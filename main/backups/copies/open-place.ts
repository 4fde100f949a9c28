import type { Connections } from '../../connections/index.ts';
import { Problem } from '../../words/index.ts';
import { connectionOf, type PlaceSecrets, type PlaceSettings } from './copy.ts';
import { folderPlace } from './folder-place.ts';
import type { Place } from './place.ts';
import { s3Place } from './s3-place.ts';
import { sftpPlace } from './sftp-place.ts';

/** Where the secrets of a place come from. */
export interface PlaceKeys {
  password(hop: number): Promise<string | null>;
  passphrase(hop: number): Promise<string | null>;
  secretAccessKey(): Promise<string | null>;
}

/** Secrets that were just typed. */
export const typedKeys = (secrets: PlaceSecrets): PlaceKeys => ({
  password: async (hop) => secrets.passwords.find((one) => one.hop === hop)?.password ?? null,
  passphrase: async (hop) => secrets.passphrases.find((one) => one.hop === hop)?.passphrase ?? null,
  secretAccessKey: async () => secrets.secretAccessKey,
});

/**
 * Does work at a place, and lets go of it afterwards.
 * @throws Problem `place-away`, or what the connection says
 */
export async function atPlace<T>(
  connections: Pick<Connections, 'use'>,
  settings: PlaceSettings,
  keys: PlaceKeys,
  signal: AbortSignal,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  switch (settings.kind) {
    case 'folder':
      return work(folderPlace(settings.folder, signal));
    case 'ssh': {
      const secretsOf = (hop: number) => ({
        password: () => keys.password(hop),
        passphrase: () => keys.passphrase(hop),
      });
      return connections.use(connectionOf(settings), secretsOf, signal, async (connection) => {
        const sftp = await connection.sftp();
        try {
          return await work(sftpPlace(connection, sftp, settings.folder, signal));
        } finally {
          sftp.close();
        }
      });
    }
    case 's3': {
      const secret = await keys.secretAccessKey();
      if (secret === null) {
        throw new Problem({
          code: 'no-secret',
          message: 'The secret key of this storage is not known on this computer.',
          attempted: `Open ${settings.bucket}`,
          todo: 'Enter it again: `backups copies edit --secret-stdin`; or remove the copy from the list, where its files stay, and add it again.',
        });
      }
      const place = await s3Place(settings, secret, signal);
      try {
        return await work(place);
      } finally {
        place.close();
      }
    }
  }
}
