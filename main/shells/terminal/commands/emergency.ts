import { createInterface } from 'node:readline/promises';
import type { Command as Commander } from 'commander';
import type { LostSite } from '../../../api/index.ts';
import type { Site } from '../../../sites/index.ts';
import { Problem } from '../../../words/index.ts';
import { Exit, followRuns, type Command } from '../context.ts';
import { when } from '../output.ts';
import { stdinLines, type StdinLines } from '../stdin-lines.ts';
import { confirmed, placeFrom, type PlaceOptions } from './copies.ts';
import { failed, isNotWell, recoverSite, type Recovered, type SiteOptions } from './emergency-site.ts';
import { fingerprint, secretsFrom } from './login.ts';

type Act = (work: (command: Command) => Promise<void>) => Promise<void>;

interface CopyOptions {
  copyFolder?: string;
  copySsh?: string;
  copyKey?: string;
  copyPasswordStdin?: boolean;
  copyAgent?: boolean;
  copyJump?: string;
  copyAcceptHostKey?: string;
  copyS3?: string;
  copyBucket?: string;
  copyPrefix?: string;
  copyRegion?: string;
  copyAccessKey?: string;
  copySecretStdin?: boolean;
}

interface RecoverOptions extends SiteOptions, CopyOptions {
  phraseStdin?: boolean;
  all?: boolean;
}

/** `emergency …` */
export function emergencyCommands(program: Commander, act: Act): void {
  const emergency = program.command('emergency').description('when more than one site is lost');
  emergency
    .command('recover')
    .argument('[sites...]', 'which of the sites that the backups know; none: says which there are')
    .option('--all', 'all of them')
    .option(
      '--copy-folder <path>',
      'the store, or a copy of it: a folder here; with --copy-ssh, on that host',
    )
    .option('--copy-ssh <target>', 'the SSH host that keeps the copy')
    .option('--copy-key <file>', 'a private key for it')
    .option('--copy-agent', 'log in there with ssh-agent')
    .option('--copy-password-stdin', 'log in there with a password on stdin')
    .option('--copy-jump <host>', 'through this host first')
    .option('--copy-accept-host-key <fingerprint>', 'SHA256:… as the host publishes it', fingerprint)
    .option('--copy-s3 <endpoint>', 'S3-compatible storage that keeps the copy')
    .option('--copy-bucket <name>')
    .option('--copy-prefix <path>')
    .option('--copy-region <region>')
    .option('--copy-access-key <id>')
    .option('--copy-secret-stdin', 'its secret key is on stdin')
    .option('--phrase-stdin', 'the recovery phrase is the first line on stdin; asked for otherwise')
    .option('--ssh <target>', 'how the site is reached now, where that is another way than before')
    .option('--sftp <target>')
    .option('--local', 'the site is on this computer')
    .option('--key <file>', 'a private key for the site')
    .option('--agent', 'log in to the site with ssh-agent')
    .option('--password-stdin', 'log in to the site with a password on stdin')
    .option('--passphrase-stdin', 'the key’s passphrase is on stdin')
    .option('--jump <host>', 'through this host first')
    .option('--root <path>', 'its folder there, where that is another one')
    .option('--url <url>', 'its address, where that is another one')
    .option('--platform <id>', 'what it is, where the backups do not say')
    .option('--accept-host-key <fingerprint>', 'for a server that the backups do not know', fingerprint)
    .option('--replace-host-key <fingerprint>', 'in place of the key that it showed before', fingerprint)
    .option('--adopt', 'a site that was added here already goes on with its old backups')
    .option(
      '--restore',
      'restores the files of the newest good backup where the site is sick or differs from it',
    )
    .option('--database', 'with --restore: its database as well; what was written since is lost')
    .description(
      'on a new computer: gets everything back from the store or its copy, the recovery phrase and access to the sites. On stdin, one below the other: the phrase, the copy’s secret, the site’s',
    )
    .action((names: string[], options: RecoverOptions) => act((command) => recover(command, names, options)));
}

async function recover(command: Command, names: readonly string[], options: RecoverOptions): Promise<void> {
  const { client, out } = command;
  const stdin = stdinLines();
  await openStore(command, options, stdin);
  const known = await client.emergency.sites({});
  const chosen = options.all === true ? known : names.map((name) => siteNamed(known, name));
  if (chosen.length === 0) {
    out.result(
      { sites: known },
      {
        columns: ['site', 'backups', 'latest', 'reached', 'state', 'id'],
        rows: known.map((lost) => [
          lost.name,
          String(lost.backups),
          when(lost.latest.takenAt),
          lost.known === null ? 'not recorded: --ssh … --root … --url …' : placeWords(lost.known),
          lost.isHere ? 'here' : lost.twin === null ? 'lost' : 'added anew: --adopt',
          lost.siteId,
        ]),
      },
    );
    out.say(
      known.length === 0
        ? 'There are no backups in this store.'
        : 'Name those that you want back, or --all: groundskeeper emergency recover SITE --key FILE',
    );
    return;
  }
  const secrets = await secretsFrom(options, () => stdin.next());
  const recovered: Recovered[] = [];
  for (const lost of chosen) recovered.push(await recoverSite(command, lost, options, secrets));
  out.result({ sites: known, recovered });
  if (recovered.some(isNotWell)) throw new Exit(1);
}

/** The store lies here and is open afterwards. What was done already is not done again. */
async function openStore(command: Command, options: RecoverOptions, stdin: StdinLines): Promise<void> {
  const { client, out } = command;
  // The phrase comes first on stdin, whether it is needed or not.
  const given = options.phraseStdin === true ? (await stdin.next()).trim() : null;
  if (options.copyFolder !== undefined || options.copyS3 !== undefined) {
    const wanted = placeOptions(options);
    const { place, secrets } = await placeFrom(command, wanted, () => stdin.next());
    const { holds } = await confirmed(command, place, secrets, wanted);
    if (holds === 'copy') out.say('These backups are on this computer already.');
    else {
      const draft = { name: 'Earlier backups', place, automatic: true };
      const { runId } = await client.copies.bringBack({ draft, secrets });
      const [run] = await followRuns(command, [runId]);
      if (run?.state !== 'done') throw failed(run, 'The backups could not be brought back.');
      out.say(run.summary);
    }
  }
  if (!(await client.store.state({})).locked) return;
  await client.store.unlock({ phrase: given ?? (await askPhrase(out)) });
  out.say('The backups are open on this computer now.');
}

async function askPhrase(out: Command['out']): Promise<string> {
  if (out.json || !process.stdin.isTTY || !process.stderr.isTTY)
    throw new Problem({
      code: 'store-locked',
      message: 'The backups are sealed, and their key is not on this computer.',
      todo: 'Give the recovery phrase on stdin: --phrase-stdin < phrase.txt',
    });
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await asking.question('Recovery phrase: ');
  } finally {
    asking.close();
  }
}

function siteNamed(known: readonly LostSite[], word: string): LostSite {
  const named = known.filter(
    ({ siteId, name }) => siteId === word || name.toLowerCase() === word.toLowerCase(),
  );
  const [found, second] = named;
  if (found !== undefined && second === undefined) return found;
  throw new Problem({
    code: found === undefined ? 'no-such-site' : 'ambiguous-site',
    message:
      found === undefined
        ? `The backups know no site “${word}”.`
        : `The backups know several sites called “${word}”.`,
    answered: (found === undefined ? known : named)
      .map(({ name, siteId }) => `${name} (${siteId})`)
      .join(', '),
    todo: 'Use its id.',
  });
}

function placeOptions(options: CopyOptions): PlaceOptions {
  const given = {
    folder: options.copyFolder,
    ssh: options.copySsh,
    key: options.copyKey,
    passwordStdin: options.copyPasswordStdin,
    agent: options.copyAgent,
    jump: options.copyJump,
    acceptHostKey: options.copyAcceptHostKey,
    s3: options.copyS3,
    bucket: options.copyBucket,
    prefix: options.copyPrefix,
    region: options.copyRegion,
    accessKey: options.copyAccessKey,
    secretStdin: options.copySecretStdin,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function placeWords({ connection, root }: Site): string {
  return connection.kind === 'local'
    ? root
    : `${connection.kind}://${connection.user}@${connection.host}:${connection.port}${root}`;
}
