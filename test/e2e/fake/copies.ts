import { type CopyState, CopyDraft, type PlaceSettings, whereIs } from '../../../main/backups/index.ts';
import { CopyId, newCopyId } from '../../../main/words/index.ts';

const HOUR = 3_600_000;

/** Copies in three states: up to date, behind, away. */
export function sampleCopies(): CopyState[] {
  const disk = sampleCopy('Desk drive', { kind: 'folder', folder: '/Volumes/Desk Drive/Groundskeeper' });
  const nas = sampleCopy('Office NAS', {
    kind: 'ssh',
    connection: {
      kind: 'ssh',
      host: 'nas.local',
      port: 22,
      user: 'backup',
      authentication: { kind: 'agent' },
      jump: [],
      configHost: null,
    },
    folder: '/volume1/groundskeeper',
  });
  const bucket = sampleCopy('Off-site', {
    kind: 's3',
    endpoint: 'https://s3.eu-central-1.example.com',
    region: 'eu-central-1',
    bucket: 'studio-backups',
    prefix: 'groundskeeper',
    accessKeyId: 'AKIAEXAMPLE',
  });
  const held = { backups: 34, bytes: 2_390_000_000 };
  return [
    {
      ...disk,
      ...held,
      updatedAt: Date.now() - 2 * HOUR,
      verified: { at: Date.now() - 50 * HOUR, depth: 'deep' },
    },
    { ...nas, ...held, backups: 31, behind: 3, updatedAt: Date.now() - 27 * HOUR },
    {
      ...bucket,
      ...held,
      updatedAt: Date.now() - 60 * HOUR,
      behind: 5,
      problem: {
        code: 'place-away',
        message: 'The storage of this copy cannot be reached.',
        attempted: 'List the bucket at s3.eu-central-1.example.com/studio-backups',
        answered: 'getaddrinfo ENOTFOUND s3.eu-central-1.example.com',
        todo: 'Check the network and the endpoint, then try again. The copy is not damaged by that.',
      },
    },
  ];
}

/** A copy that was just added. */
export function sampleCopy(name: string, place: PlaceSettings, automatic = true): CopyState {
  return {
    ...CopyDraft.parse({ name, place, automatic }),
    id: CopyId.parse(newCopyId()),
    addedAt: Date.now(),
    updatedAt: null,
    verified: null,
    problem: null,
    where: whereIs(place),
    behind: 0,
    oldPhrase: false,
    backups: 0,
    bytes: 0,
  };
}
