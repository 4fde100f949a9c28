import type { ConnectionSettings, PlaceSecrets, PlaceSettings, Secrets } from '../../../main/api/index.ts';

export type PlaceKind = PlaceSettings['kind'];

/** A place as it is being typed: what was typed for one kind stays while another is looked at. */
export class TypedPlace {
  kind = $state<PlaceKind>('folder');
  folder = $state('');
  remoteFolder = $state('groundskeeper');
  connection = $state<ConnectionSettings>({
    kind: 'ssh',
    host: '',
    port: 22,
    user: '',
    authentication: { kind: 'agent' },
    jump: [],
    configHost: null,
  });
  login = $state.raw<Secrets>({ passwords: [], passphrases: [] });
  endpoint = $state('https://');
  region = $state('us-east-1');
  bucket = $state('');
  prefix = $state('groundskeeper');
  accessKeyId = $state('');
  secretAccessKey = $state('');

  settings(): PlaceSettings {
    if (this.kind === 'folder') return { kind: 'folder', folder: this.folder };
    if (this.kind === 's3') {
      const { endpoint, region, bucket, prefix, accessKeyId } = this;
      return { kind: 's3', endpoint, region, bucket, prefix, accessKeyId };
    }
    const connection = $state.snapshot(this.connection);
    if (connection.kind !== 'ssh') throw new TypeError('not an SSH host');
    return { kind: 'ssh', connection, folder: this.remoteFolder };
  }

  secrets(): PlaceSecrets {
    const secretAccessKey = this.kind === 's3' ? this.secretAccessKey : null;
    return this.kind === 'ssh'
      ? { ...this.login, secretAccessKey }
      : { passwords: [], passphrases: [], secretAccessKey };
  }
}
