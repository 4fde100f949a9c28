import { z } from 'zod';
import { hashFiles } from '../backups/index.ts';
import { obstaclesTo } from '../checks/index.ts';
import { type Component, databaseInWords, type Reading } from '../platforms/index.ts';
import type { Site } from '../sites/index.ts';
import {
  asProblem,
  counted,
  joinRemote,
  newRunId,
  type ProblemShape,
  type RemotePath,
} from '../words/index.ts';
import { lookOverSftp } from './files-only/look.ts';
import { handsFor, type Hands } from './hands.ts';
import { healthOf, pagesOf } from './health.ts';
import { isSick } from './judging/page.ts';
import { look } from './look.ts';
import { obstaclesSeen, oddities } from './obstacles.ts';
import { outlives } from './outlive.ts';
import { publishedChecksums } from './package-check.ts';
import { findPrivateFolder } from './private-folder.ts';
import type { RollbackServices } from './services.ts';
import { updaterAtWork } from './updater-locks.ts';

/** Something that was looked at on a site: how it is, and what to do about it. */
export const Finding = z.object({
  about: z.enum(['connection', 'requirements', 'conflicts', 'changes', 'health', 'backups', 'files']),
  level: z.enum(['well', 'odd', 'wrong']),
  text: z.string(),
  todo: z.string(),
  /** Files, lines or pages that it is about. */
  which: z.array(z.string()),
});
export type Finding = z.infer<typeof Finding>;

/** So many files of one component are named. */
const NAMED = 20;

/**
 * Looks at everything about a site that an update, a rollback or a repair would stumble over. Writes nothing. What cannot be looked at is a
 * finding itself; each part is looked at whatever came of the others.
 */
export async function examineSite(
  services: RollbackServices,
  site: Site,
  signal: AbortSignal,
): Promise<Finding[]> {
  const hands = handsFor(services, site, signal);
  const findings: Finding[] = [];
  const part = async (about: Finding['about'], work: () => Promise<Finding[]>) => {
    try {
      findings.push(...(await work()));
    } catch (error) {
      signal.throwIfAborted();
      findings.push(wrong(about, asProblem(error).toJSON()));
    }
  };
  const read: { reading: Reading | null } = { reading: null };
  await part('connection', async () => {
    if (hands.platform.module === null) return [well('connection', 'It can be reached.')];
    const reading = await hands.reading();
    read.reading = reading;
    const { php, database } = reading.inventory;
    const said = [
      php === null ? null : `PHP ${php}`,
      database === null ? null : databaseInWords(database),
    ].filter((words) => words !== null);
    return [well('connection', `It can be reached and read: ${said.join(', ')}.`), ...gapsOf(reading)];
  });
  const { reading } = read;
  if (reading !== null) findings.push(...requirementsOf(reading));
  await part('conflicts', () => conflictsOf(services, hands));
  await part('changes', async () => [
    (await outlives(hands, services.scripts))
      ? well('changes', 'A watchdog can live on the server while it is updated.')
      : odd(
          'changes',
          'Nothing that is started on the server lives on there, so no watchdog can.',
          'Stay at this computer while the site is updated; updates that change the database ask before.',
        ),
  ]);
  await part('health', () => healthFindings(services, hands, site));
  await part('backups', () => backupFindings(services, site));
  if (reading !== null) await part('files', () => changedFiles(services, hands, reading));
  return findings;
}

function well(about: Finding['about'], text: string): Finding {
  return { about, level: 'well', text, todo: '', which: [] };
}
function odd(about: Finding['about'], text: string, todo: string, which: readonly string[] = []): Finding {
  return { about, level: 'odd', text, todo, which: [...which] };
}
function wrong(about: Finding['about'], problem: ProblemShape): Finding {
  const which = problem.answered === '' ? [] : [problem.answered];
  return { about, level: 'wrong', text: problem.message, todo: problem.todo, which };
}

function gapsOf({ inventory, facts }: Reading): Finding[] {
  const gaps = inventory.gaps.map((gap) => odd('connection', gap, 'See what the server says of it.'));
  if (facts.databaseProblem === null) return gaps;
  return [
    ...gaps,
    {
      ...odd('connection', 'The database cannot be reached.', 'Check that the site itself works.', [
        facts.databaseProblem,
      ]),
      level: 'wrong',
    },
  ];
}

/** What the components that are there need from the site and from each other. */
function requirementsOf({ inventory }: Reading): Finding[] {
  const lacking = inventory.components.flatMap((component): Finding[] => {
    if (component.active === 'no') return [];
    const unmet = obstaclesTo({ requires: component.requires, packageUrl: INSTALLED }, inventory);
    const missing = component.needs.filter(
      (slug) => !inventory.components.some((other) => other.slug === slug && other.active !== 'no'),
    );
    return [
      ...unmet.map((words) =>
        odd('requirements', `${component.name} ${component.version}: ${words}`, 'Update what it needs.'),
      ),
      ...(missing.length === 0
        ? []
        : [
            odd(
              'requirements',
              `${component.name} needs plugins that are not there or switched off.`,
              'Install and switch them on.',
              missing,
            ),
          ]),
    ];
  });
  return lacking.length > 0 ? lacking : [well('requirements', 'Everything has what it needs.')];
}

/** For what is there already it does not matter where it came from. */
const INSTALLED = 'installed';

async function conflictsOf(services: RollbackServices, hands: Hands): Promise<Finding[]> {
  const { site, signal } = hands;
  const reading = await hands.reading().catch(() => null);
  const targets = reading === null ? [] : placesOf(hands, reading);
  const seen = await hands.on(async (connection) => {
    if (connection.onlyFiles) return lookOverSftp(await connection.files(), site, targets);
    const privateFolder = await findPrivateFolder(connection, services.scripts, site, signal);
    return look(
      connection,
      services.scripts,
      { root: site.root, privateFolder, parents: [], targets },
      signal,
    );
  });
  const problems = obstaclesSeen(seen, { site, runId: null }, { bytes: 0, files: 0, dump: 0 });
  const updater = await updaterAtWork(hands).catch(() => null);
  if (updater !== null) problems.push(updater.toJSON());
  const found = [
    ...problems.map((problem) => wrong('conflicts', problem)),
    ...oddities(seen).map((words) => odd('conflicts', words, '')),
  ];
  return found.length > 0 ? found : [well('conflicts', 'Nobody and nothing stands in the way of a change.')];
}

/** The folders and files of all that can be updated, whole. */
function placesOf({ platform, site }: Hands, reading: Reading): RemotePath[] {
  return reading.inventory.components.flatMap((component) => {
    if (component.kind !== 'plugin' && component.kind !== 'theme') return [];
    try {
      const place = platform.module?.place(component, reading, site.root);
      return place === undefined ? [] : [joinRemote(site.root, place.path)];
    } catch {
      // It lies outside of the root, where nothing is changed.
      return [];
    }
  });
}

async function healthFindings(services: RollbackServices, hands: Hands, site: Site): Promise<Finding[]> {
  const health = healthOf({ ...services, pictures: null }, hands, site, { runId: newRunId() });
  const { probes } = await health.baseline(hands);
  const sick = probes.filter(isSick);
  const pages = pagesOf(probes);
  if (sick.length === 0) return [well('health', `${counted(pages.length, 'page')} looked at, all well.`)];
  return [
    {
      about: 'health',
      level: 'wrong',
      text: 'Pages are sick.',
      todo: 'Roll back the latest update, or look at the PHP log of the server.',
      which: [
        ...new Set(sick.map(({ url, status, fault }) => `${url}: ${fault ?? `status ${status ?? 'none'}`}`)),
      ],
    },
  ];
}

async function backupFindings(services: RollbackServices, site: Site): Promise<Finding[]> {
  const [latest] = (await services.store.list(site.id)).toSorted((a, b) => b.takenAt - a.takenAt);
  if (latest === undefined) return [odd('backups', 'There is no backup of this site.', 'Back it up now.')];
  const when = new Date(latest.takenAt).toISOString().slice(0, 16).replace('T', ' ');
  return [well('backups', `The latest backup is of ${when} (UTC): ${counted(latest.files, 'file')}.`)];
}

/** Files that differ from the release that is installed, by the checksums that its directory publishes. */
async function changedFiles(services: RollbackServices, hands: Hands, reading: Reading): Promise<Finding[]> {
  const { site, signal, platform } = hands;
  const found: Finding[] = [];
  let compared = 0;
  for (const component of reading.inventory.components) {
    const published = await checksumsOf(services, component, reading, signal);
    if (published === null || published.size === 0) continue;
    const base =
      component.kind === 'core' ? '' : (platform.module?.place(component, reading, site.root).path ?? '');
    const within = component.kind === 'core' ? ['wp-admin', 'wp-includes'] : ['.'];
    const md5 = await hands.on((connection) =>
      hashFiles(connection, 'md5', joinRemote(site.root, base), within, {
        scripts: hands.scripts.files,
        signal,
      }),
    );
    compared += 1;
    const wanted = [...published].filter(
      ([path]) => component.kind !== 'core' || /^wp-(admin|includes)\//.test(path),
    );
    const changed = wanted.filter(
      ([path, { md5: right }]) => md5.has(path) && !right.includes(md5.get(path) ?? ''),
    );
    const missing = wanted.filter(([path]) => !md5.has(path));
    const own = [...md5.keys()].filter((path) => !published.has(path));
    const named = [
      ...changed.map(([path]) => `changed: ${path}`),
      ...missing.map(([path]) => `missing: ${path}`),
      ...own.map((path) => `not of the release: ${path}`),
    ];
    if (named.length === 0) continue;
    const words = `${component.name} ${component.version}: ${changed.length} changed, ${missing.length} missing, ${own.length} not of the release.`;
    const which = named.slice(0, NAMED);
    if (named.length > NAMED) which.push(`and ${named.length - NAMED} more`);
    found.push(
      odd('files', words, 'Compare them with a backup; an update would replace what was changed.', which),
    );
  }
  if (found.length > 0) return found;
  return compared === 0
    ? []
    : [well('files', `${counted(compared, 'component')} compared with what was released: nothing differs.`)];
}

async function checksumsOf(
  services: RollbackServices,
  component: Component,
  reading: Reading,
  signal: AbortSignal,
) {
  const { answers } = services;
  const locale = reading.inventory.locale ?? 'en_US';
  return publishedChecksums(
    { component, place: services.place(), locale, answers, signal },
    component.version,
  ).catch(() => {
    signal.throwIfAborted();
    return null;
  });
}
