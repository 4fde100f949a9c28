import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Command as Commander } from 'commander';
import type { PlaceTrial } from '../../../api/index.ts';
import type { CopyState, PlaceSecrets, PlaceSettings } from '../../../backups/index.ts';
import { bytesInWords, Problem } from '../../../words/index.ts';
import { followRuns, reportRuns, type Command } from '../context.ts';
import { when } from '../output.ts';
import { connectionFrom, fingerprint, secretsFrom, unconfirmed, type LoginOptions } from './login.ts';

type Act = (work: (command: Command) => Promise<void>) => Promise<void>;

/** Where a copy lies, as options say. */
export interface PlaceOptions extends LoginOptions {
  folder?: string;
  s3?: string;
  bucket?: string;
  prefix?: string;
  region?: string;
  accessKey?: string;
  secretStdin?: boolean;
}

interface EditOptions extends LoginOptions {
  name?: string;
  automatic?: boolean;
  byHand?: boolean;
  secretStdin?: boolean;
}

const withPlace = (command: Commander) =>
  command
    .option('--folder <path>', 'a folder on this computer; with --ssh, on that host')
    .option('--ssh <target>', '[USER@]HOST[:PORT], a name of ~/.ssh/config, or a whole ssh command')
    .option('--key <file>', 'a private key')
    .option('--password-stdin', 'log in with the password on stdin')
    .option('--passphrase-stdin', 'the key’s passphrase is on stdin')
    .option('--agent', 'log in with ssh-agent')
    .option('--jump <host>', 'through this host first')
    .option('--accept-host-key <fingerprint>', 'SHA256:… as the host publishes it', fingerprint)
    .option('--s3 <endpoint>', 'S3-compatible storage, e.g. https://s3.eu-central-1.amazonaws.com')
    .option('--bucket <name>')
    .option('--prefix <path>', 'what the names of all objects begin with')
    .option('--region <region>', 'us-east-1 when left out')
    .option('--access-key <id>')
    .option('--secret-stdin', 'the secret key is on stdin');

/** `backups copies …`, `backups move`, `backups bring-back` */
export function copyCommands(backups: Commander, act: Act): void {
  const copies = backups
    .command('copies')
    .description('second copies of all backups: on another disk, an SSH host, S3-compatible storage');
  copies
    .command('list')
    .description('where they are, and how far each is')
    .action(() =>
      act(async ({ client, out }) => {
        const list = await client.copies.list({});
        out.result(list, {
          columns: ['name', 'state', 'backups', 'size', 'updated', 'verified', 'where'],
          rows: list.map((copy) => [
            copy.name,
            stateOf(copy),
            String(copy.backups),
            bytesInWords(copy.bytes),
            when(copy.updatedAt),
            copy.verified === null ? 'never' : `${when(copy.verified.at)} ${copy.verified.depth}`,
            copy.where,
          ]),
        });
        for (const { name, problem } of list)
          if (problem !== null) out.warn(`${name}: ${problem.message} ${problem.todo}`);
        if (list.length === 0)
          out.say('No copies yet. Add one: groundskeeper backups copies add NAME --folder /mnt/disk/backups');
      }),
    );
  withPlace(copies.command('add').argument('<name>'))
    .option('--by-hand', 'is brought up to date only when asked, not after each backup')
    .description('adds a copy, after trying its place, and brings it up to date')
    .action((name: string, options: PlaceOptions & { byHand?: boolean }) =>
      act(async (command) => {
        const { place, secrets } = await placeFrom(command, options);
        await confirmed(command, place, secrets, options);
        const { copy, runId } = await command.client.copies.add({
          draft: { name, place, automatic: options.byHand !== true },
          secrets,
        });
        command.out.say(`“${copy.name}” was added.`);
        reportRuns(command, await followRuns(command, [runId]));
      }),
    );
  copies
    .command('edit')
    .argument('<copy>')
    .option('--name <name>')
    .option('--automatic', 'is brought up to date after each backup')
    .option('--by-hand', 'only when asked')
    .option('--secret-stdin', 'a new secret key is on stdin')
    .option('--password-stdin', 'a new password is on stdin')
    .option('--passphrase-stdin', 'a new passphrase is on stdin')
    .description('changes its name, its secrets, or when it is brought up to date')
    .action((name: string, options: EditOptions) =>
      act(async ({ client, out }) => {
        const { id: copyId } = await client.copies.find({ nameOrId: name });
        const secrets =
          options.secretStdin === true
            ? { secretAccessKey: (await text(process.stdin)).replace(/\r?\n$/, '') }
            : await secretsFrom(options);
        const automatic = options.automatic === true ? true : options.byHand === true ? false : null;
        const edited = await client.copies.edit({
          copyId,
          edit: {
            ...(options.name === undefined ? {} : { name: options.name }),
            ...(automatic === null ? {} : { automatic }),
          },
          secrets,
        });
        out.say(`“${edited.name}” was changed.`);
        out.result(edited);
      }),
    );
  copies
    .command('remove')
    .argument('<copy>')
    .option('--delete-files', 'removes what lies there too')
    .description('forgets a copy; what lies there stays unless said otherwise')
    .action((name: string, options: { deleteFiles?: boolean }) =>
      act(async (command) => {
        const copy = await command.client.copies.find({ nameOrId: name });
        const files = options.deleteFiles === true ? 'delete' : 'keep';
        const { runId } = await command.client.copies.remove({ copyId: copy.id, files });
        if (runId !== null) {
          reportRuns(command, await followRuns(command, [runId]));
          return;
        }
        command.out.say(`“${copy.name}” was forgotten. What lies there was left as it is.`);
        command.out.result({ removed: copy.id });
      }),
    );
  copies
    .command('update')
    .argument('[copies...]', 'all of them when none is named')
    .option(
      '--let-go',
      'takes away what the store has no more, although it is much or nobody removed it here',
    )
    .description('brings copies up to date')
    .action((names: string[], { letGo = false }: { letGo?: boolean }) =>
      act((command) => onCopies(command, names, (copyId) => command.client.copies.update({ copyId, letGo }))),
    );
  copies
    .command('verify')
    .argument('[copies...]', 'all of them when none is named')
    .option('--quick', 'names and lengths only')
    .option('--download', 'reads everything back to here, also where the place can hash by itself')
    .description('looks whether copies are whole, and sends again what is not')
    .action((names: string[], { quick = false, download = false }: { quick?: boolean; download?: boolean }) =>
      act((command) =>
        onCopies(command, names, (copyId) =>
          command.client.copies.verify({ copyId, depth: quick ? 'quick' : 'deep', download }),
        ),
      ),
    );
  copies
    .command('heal')
    .argument('<copy>')
    .description('fetches from a copy what is damaged or lost in the store here')
    .action((name: string) =>
      act((command) => onCopies(command, [name], (copyId) => command.client.copies.heal({ copyId }))),
    );
  backups
    .command('move')
    .argument('<folder>')
    .option('--keep-old', 'leaves the files in the old folder')
    .description('moves all backups to another folder or disk; sites can be browsed meanwhile')
    .action((folder: string, { keepOld = false }: { keepOld?: boolean }) =>
      act(async (command) => {
        const { runId } = await command.client.store.move({ folder: resolve(folder), removeOld: !keepOld });
        reportRuns(command, await followRuns(command, [runId]));
      }),
    );
  withPlace(backups.command('bring-back'))
    .option('--name <name>', 'what the copy is called from now on', 'Earlier backups')
    .description('on a new computer: fetches all backups from a copy; the recovery phrase then opens them')
    .action((options: PlaceOptions & { name: string }) =>
      act(async (command) => {
        const { place, secrets } = await placeFrom(command, options);
        await confirmed(command, place, secrets, options);
        const { runId } = await command.client.copies.bringBack({
          draft: { name: options.name, place, automatic: true },
          secrets,
        });
        reportRuns(command, await followRuns(command, [runId]));
      }),
    );
}

/** How far a copy is, in a few words. */
export function stateOf(copy: CopyState): string {
  if (copy.problem !== null) return copy.problem.code === 'place-away' ? 'away' : 'needs you';
  if (copy.updatedAt === null) return 'not complete yet';
  if (copy.behind > 0) return `${copy.behind} behind`;
  return copy.oldPhrase ? 'opens by the phrase before' : 'up to date';
}

async function onCopies(
  command: Command,
  names: readonly string[],
  start: (copyId: CopyState['id']) => Promise<{ runId: Parameters<typeof followRuns>[1][number] }>,
): Promise<void> {
  const chosen =
    names.length === 0
      ? await command.client.copies.list({})
      : await Promise.all(names.map((nameOrId) => command.client.copies.find({ nameOrId })));
  if (chosen.length === 0)
    throw new Problem({
      code: 'no-such-copy',
      message: 'There is no copy yet.',
      todo: 'Add one: `backups copies add`.',
    });
  const started = await Promise.all(chosen.map(({ id }) => start(id)));
  reportRuns(
    command,
    await followRuns(
      command,
      started.map(({ runId }) => runId),
    ),
  );
}

/** The place that options name, and its secrets. @param read reads the one secret that stdin carries */
export async function placeFrom(
  command: Command,
  options: PlaceOptions,
  read?: () => Promise<string>,
): Promise<{ place: PlaceSettings; secrets: PlaceSecrets }> {
  const none: PlaceSecrets = { passwords: [], passphrases: [], secretAccessKey: null };
  const usage = (message: string) => new Problem({ code: 'usage', message });
  if (options.s3 !== undefined) {
    const { s3: endpoint, bucket, accessKey: accessKeyId, region = 'us-east-1', prefix = '' } = options;
    if (bucket === undefined || accessKeyId === undefined)
      throw usage(
        'S3-compatible storage takes --bucket, --access-key, and the secret key with --secret-stdin.',
      );
    const secretAccessKey =
      options.secretStdin !== true
        ? null
        : read === undefined
          ? (await text(process.stdin)).replace(/\r?\n$/, '')
          : await read();
    return {
      place: { kind: 's3', endpoint, bucket, accessKeyId, region, prefix },
      secrets: { ...none, secretAccessKey },
    };
  }
  if (options.folder === undefined)
    throw usage('Say where: --folder PATH, --ssh … --folder PATH, or --s3 ….');
  if (options.ssh === undefined)
    return { place: { kind: 'folder', folder: resolve(options.folder) }, secrets: none };
  const { connection, secrets } = await connectionFrom(command, options, read);
  if (connection.kind !== 'ssh') throw usage('Use --folder alone for a folder on this computer.');
  return { place: { kind: 'ssh', connection, folder: options.folder }, secrets: { ...none, ...secrets } };
}

/** Goes there once, confirming a host's key that the user gave. */
export async function confirmed(
  { client }: Command,
  place: PlaceSettings,
  secrets: PlaceSecrets,
  options: PlaceOptions,
): Promise<Extract<PlaceTrial, { outcome: 'ok' }>> {
  let trial = await client.copies.test({ place, secrets });
  // Each jump host shows a key of its own; the accepted fingerprint confirms the one it belongs to.
  if (trial.outcome === 'unknown-host' && options.acceptHostKey === trial.key.fingerprint) {
    await client.connections.trust({ key: trial.key });
    trial = await client.copies.test({ place, secrets });
  }
  if (trial.outcome === 'failed') throw new Problem(trial.problem);
  if (trial.outcome === 'unknown-host') throw unconfirmed(trial.key);
  return trial;
}
