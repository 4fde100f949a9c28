import { readFileSync } from 'node:fs';
import { InvalidArgumentError, type Command as Commander } from 'commander';
import type { Site } from '../../../sites/index.ts';
import { Problem, remotePath } from '../../../words/index.ts';
import type { Command } from '../context.ts';
import { when } from '../output.ts';
import { settingsFrom, type JudgingOptions } from './judging.ts';
import { connectionFrom, fingerprint, secretsFrom, unconfirmed, type LoginOptions } from './login.ts';

type Act = (work: (command: Command) => Promise<void>) => Promise<void>;

interface AddOptions extends LoginOptions {
  url?: string;
  root?: string;
  platform?: string;
  tag?: string[];
  php?: string;
}

/** What a site without a shell is good for. */
const ONLY_FILES = {
  files: 'SFTP: its files are backed up and restored; updates and databases need a shell',
  wordpress:
    'SFTP: its files are read without its PHP; updates and databases ask that, by a file of ours that is removed at the end, and no watchdog runs there',
};
const overSftp = (platform: string) => (platform === 'wordpress' ? ONLY_FILES.wordpress : ONLY_FILES.files);

const collect = (value: string, before: string[] | undefined) => [...(before ?? []), value];

/** `sites …` */
export function siteCommands(program: Commander, act: Act): void {
  const sites = program.command('sites').description('the sites you look after');

  sites
    .command('add')
    .argument('<name>')
    .option('--url <url>', 'the site as visitors see it; found by looking when left out')
    .option('--ssh <target>', '[USER@]HOST[:PORT], a name of ~/.ssh/config, or a whole ssh command')
    .option(
      '--sftp <target>',
      'as --ssh, where the account gives files and no shell: WordPress, or backup and restore of files',
    )
    .option('--local', 'on this computer')
    .option('--root <path>', 'the installation’s folder there; found by looking when left out')
    .option('--key <file>', 'a private key')
    .option('--password-stdin', 'log in with the password on stdin')
    .option('--passphrase-stdin', 'the key’s passphrase is on stdin')
    .option('--agent', 'log in with ssh-agent')
    .option('--jump <host>', 'through this host first')
    .option('--platform <id>', 'wordpress, files; found by looking when left out')
    .option('--tag <tag>', 'may be given several times', collect)
    .option('--php <path>', 'PHP on the server, when it is not found')
    .option('--accept-host-key <fingerprint>', 'SHA256:… as the host publishes it', fingerprint)
    .description('adds a site, after trying the connection')
    .action((name: string, options: AddOptions) => act((command) => addSite(command, name, options)));

  sites
    .command('list')
    .description('all sites and what waits')
    .action(() =>
      act(async ({ client, out }) => {
        const list = await client.sites.list({});
        out.result(list, {
          columns: ['name', 'platform', 'version', 'state', 'waiting', 'backup', 'url'],
          rows: list.map(({ site, coreVersion, state, waiting, backedUpAt }) => [
            site.name,
            site.platform,
            coreVersion ?? '',
            state,
            waiting.total === 0 ? '' : String(waiting.total),
            when(backedUpAt),
            site.url,
          ]),
        });
        if (list.length === 0) out.say('No sites yet. Add one: groundskeeper sites add NAME --ssh user@host');
      }),
    );

  sites
    .command('show')
    .argument('<site>')
    .description('one site: what is installed and what waits')
    .action((name: string) =>
      act(async ({ client, out }) => {
        const site = await client.sites.find({ nameOrId: name });
        const details = await client.sites.show({ siteId: site.id });
        const waiting = new Map(
          details.updates.map((update) => [`${update.component.kind} ${update.component.slug}`, update]),
        );
        out.say(`${site.name}  ${site.url}  ${placeOf(site)}`);
        if (site.connection.kind === 'sftp') out.say(`Over ${overSftp(site.platform)}`);
        for (const gap of details.inventory?.gaps ?? []) out.warn(`warning: ${gap}`);
        out.result(details, {
          columns: ['kind', 'slug', 'name', 'version', 'active', 'update'],
          rows: (details.inventory?.components ?? []).map((component) => [
            component.kind,
            component.slug,
            component.name,
            component.version,
            component.active ?? '',
            waiting.get(`${component.kind} ${component.slug}`)?.release.version ?? '',
          ]),
        });
      }),
    );

  sites
    .command('edit')
    .argument('<site>')
    .option('--name <name>')
    .option('--url <url>')
    .option('--root <path>')
    .option('--ssh <target>')
    .option('--sftp <target>')
    .option('--key <file>')
    .option('--agent')
    .option('--password-stdin')
    .option('--passphrase-stdin')
    .option('--jump <host>')
    .option('--php <path>')
    .option('--tag <tag>', 'replaces all tags; may be given several times', collect)
    .option('--probe <path>', 'a page to look at; replaces all of them, may be given several times', collect)
    .option('--slower-times <n>', 'a page so many times slower is worse; usual: as the settings say')
    .option('--words-lost <percent>', 'a page with so many of its words gone is worse')
    .option('--picture-differs <percent>', 'a picture with so much of it gone is worse; 100: never')
    .option('--pictures <on|off>', 'whether pictures are taken')
    .description('changes what is known of a site')
    .action((name: string, options: AddOptions & JudgingOptions & { name?: string }) =>
      act(async (command) => {
        const { client, out } = command;
        const site = await client.sites.find({ nameOrId: name });
        const settings = settingsFrom(site.settings, options);
        const wantsConnection =
          options.ssh ??
          options.sftp ??
          options.key ??
          options.jump ??
          options.agent ??
          options.passwordStdin;
        const { connection, secrets } =
          wantsConnection === undefined
            ? { connection: site.connection, secrets: await secretsFrom(options) }
            : await connectionFrom(command, {
                ...(options.ssh === undefined && options.sftp === undefined ? targetOf(site) : {}),
                ...options,
              });
        const edited = await client.sites.edit({
          siteId: site.id,
          secrets,
          edit: {
            connection,
            ...(options.name === undefined ? {} : { name: options.name }),
            ...(options.url === undefined ? {} : { url: options.url }),
            ...(options.root === undefined ? {} : { root: remotePath(options.root) }),
            ...(options.tag === undefined ? {} : { tags: options.tag }),
            ...(settings === null ? {} : { settings }),
          },
        });
        out.say(`${edited.name} was changed.`);
        out.result(edited);
      }),
    );

  sites
    .command('remove')
    .argument('<site>')
    .requiredOption('--backups <fate>', 'keep or delete its backups', (value) => {
      if (value !== 'keep' && value !== 'delete') throw new InvalidArgumentError('keep or delete');
      return value;
    })
    .description('forgets a site; the site itself is not touched')
    .action((name: string, options: { backups: 'keep' | 'delete' }) =>
      act(async ({ client, out }) => {
        const site = await client.sites.find({ nameOrId: name });
        const { backupsDeleted, backupsPinned } = await client.sites.remove({
          siteId: site.id,
          backups: options.backups,
        });
        out.say(
          `${site.name} was removed. ${options.backups === 'keep' ? 'Its backups were kept.' : `${backupsDeleted} backups were deleted.${backupsPinned === 0 ? '' : ` ${backupsPinned} pinned ones stay.`}`}`,
        );
        out.result({ removed: site.id, backupsDeleted, backupsPinned });
      }),
    );

  sites
    .command('detect')
    .argument('<site>')
    .description('looks for installations on a site’s server')
    .action((name: string) =>
      act(async ({ client, out }) => {
        const site = await client.sites.find({ nameOrId: name });
        const found = await client.connections.findInstallations({ connection: site.connection });
        out.result(found, {
          columns: ['platform', 'version', 'root', 'url', 'title'],
          rows: found.map((one) => [
            one.platformName,
            one.version ?? '',
            one.root,
            one.url ?? '',
            one.title ?? '',
          ]),
        });
        if (found.length === 0) out.say('Nothing was found in the usual places.');
      }),
    );

  sites
    .command('test')
    .argument('<site>')
    .description('tries the connection')
    .action((name: string) =>
      act(async ({ client, out }) => {
        const site = await client.sites.find({ nameOrId: name });
        const trial = await client.connections.testSite({ siteId: site.id });
        if (trial.outcome === 'failed') throw new Problem(trial.problem);
        if (trial.outcome === 'unknown-host') throw unconfirmed(trial.key);
        out.say(
          `Connected as ${trial.user} (${trial.onlyFiles ? overSftp(site.platform) : `${trial.system}${trial.php === null ? ', no PHP' : `, PHP ${trial.php}`}`}) in ${trial.millis} ms.`,
        );
        out.result(trial);
      }),
    );

  sites
    .command('trust')
    .argument('<site>')
    .requiredOption('--accept-host-key <fingerprint>', 'SHA256:… as the host publishes it', fingerprint)
    .option('--type <type>', 'the key’s type', 'ssh-ed25519')
    .option('--replace', 'in place of the key that was confirmed before')
    .description('confirms a server’s host key')
    .action((name: string, options: { acceptHostKey: string; type: string; replace?: boolean }) =>
      act(async ({ client, out }) => {
        const site = await client.sites.find({ nameOrId: name });
        if (site.connection.kind === 'local')
          throw new Problem({
            code: 'not-ssh',
            message: 'This site is on this computer; there is no host key.',
          });
        await client.connections.trust({
          key: {
            host: site.connection.host,
            port: site.connection.port,
            type: options.type,
            fingerprint: options.acceptHostKey,
          },
          replaces: options.replace ?? false,
        });
        out.say('The key is trusted.');
        out.result({ trusted: options.acceptHostKey });
      }),
    );

  sites
    .command('import')
    .argument('<file>', '.json or .csv')
    .description('adds every site of a file')
    .action((file: string) =>
      act(async ({ client, out }) => {
        const result = await client.sites.importAll({
          format: file.toLowerCase().endsWith('.csv') ? 'csv' : 'json',
          text: readFileSync(file, 'utf8'),
        });
        out.say(`${result.added.length} added, ${result.refused.length} refused.`);
        for (const { line, name, why } of result.refused) out.warn(`line ${line} ${name}: ${why}`);
        out.result(result);
      }),
    );

  sites
    .command('export')
    .option('--csv', 'as CSV instead of JSON')
    .description('prints all sites, without secrets')
    .action((options: { csv?: boolean }) =>
      act(async ({ client, out }) => {
        const exported = await client.sites.exportAll({ format: options.csv ? 'csv' : 'json' });
        out.raw(Buffer.from(exported.text));
      }),
    );
}

async function addSite(command: Command, name: string, options: AddOptions): Promise<void> {
  const { client, out } = command;
  const { connection, secrets } = await connectionFrom(command, options);
  const draft = { connection, secrets };
  let trial = await client.connections.test(draft);
  // Each jump host shows a key of its own; the accepted fingerprint confirms the one it belongs to.
  if (trial.outcome === 'unknown-host' && options.acceptHostKey === trial.key.fingerprint) {
    await client.connections.trust({ key: trial.key });
    trial = await client.connections.test(draft);
  }
  if (trial.outcome === 'failed') throw new Problem(trial.problem);
  if (trial.outcome === 'unknown-host') throw unconfirmed(trial.key);
  const isSftp = connection.kind === 'sftp';
  const { platform } = options;
  const found =
    platform === 'files' && !(isSftp && options.root !== undefined)
      ? null
      : options.root === undefined
        ? await onlyOne(command, draft)
        : await client.connections.look({ ...draft, root: options.root });
  if (found === null && platform !== 'files' && !(isSftp && options.root !== undefined)) {
    throw new Problem({
      code: 'nothing-known',
      message: `${options.root ?? 'The server'} holds no installation that is known.`,
      todo: 'Check --root, or add it with --platform files for backup and restore only.',
    });
  }
  const url = options.url ?? found?.url ?? null;
  const root = found?.root ?? options.root;
  if (url === null || root === undefined)
    throw new Problem({
      code: 'no-url',
      message: 'The site’s URL could not be found out.',
      todo: 'Give it with --url (and the folder with --root).',
    });
  const site = await client.sites.add({
    draft: {
      name,
      url,
      root: remotePath(root),
      platform: platform ?? found?.platform ?? 'files',
      connection,
      tags: options.tag ?? [],
      notes: '',
      settings: { php: options.php ?? null },
    },
    secrets,
  });
  out.say(
    `${site.name} was added: ${found === null || site.platform === 'files' ? 'files only' : `${found.platformName} ${found.version ?? ''}`} at ${site.root}.`,
  );
  out.result(site);
}

async function onlyOne(
  { client }: Command,
  draft: Parameters<Command['client']['connections']['findInstallations']>[0],
) {
  const found = await client.connections.findInstallations(draft);
  const [first, ...more] = found;
  if (more.length === 0) return first ?? null;
  throw new Problem({
    code: 'several-installations',
    message: `${found.length} installations were found.`,
    answered: found.map((one) => `${one.root} (${one.url ?? one.platformName})`).join('\n'),
    todo: 'Add each with its own --root.',
  });
}

function placeOf(site: Site): string {
  return site.connection.kind === 'local'
    ? site.root
    : `${site.connection.user}@${site.connection.host}:${site.connection.port}${site.root}`;
}

/** How a site is reached now, for what the options do not change. */
function targetOf({ connection }: Site): Pick<LoginOptions, 'ssh' | 'sftp' | 'local'> {
  if (connection.kind === 'local') return { local: true };
  return { [connection.kind]: `${connection.user}@${connection.host}:${connection.port}` };
}
