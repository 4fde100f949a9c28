import type { Assessment, LostSite } from '../../../api/index.ts';
import type { Run } from '../../../runs/index.ts';
import type { Site } from '../../../sites/index.ts';
import { counted, Problem, remotePath, type ProblemShape } from '../../../words/index.ts';
import { followRuns, problemOf, type Command } from '../context.ts';
import { when } from '../output.ts';
import type { secretsFrom } from './login.ts';
import { connectionFrom, loginFrom, unconfirmed, type LoginOptions } from './login.ts';

/** How a site is reached now, and what is to become of it. */
export interface SiteOptions extends LoginOptions {
  root?: string;
  url?: string;
  platform?: string;
  replaceHostKey?: string;
  adopt?: boolean;
  restore?: boolean;
  database?: boolean;
}

type Secrets = Awaited<ReturnType<typeof secretsFrom>>;

/** What came of one site. */
export interface Recovered {
  readonly siteId: LostSite['siteId'];
  readonly name: string;
  site: Site | null;
  settled: Run | null;
  assessment: Assessment | null;
  restored: Run | null;
  problem: ProblemShape | null;
}

/** Brings one site back: into the list, free of what the lost computer left on it, looked at, and restored where that was asked for. */
export async function recoverSite(
  command: Command,
  lost: LostSite,
  options: SiteOptions,
  secrets: Secrets,
): Promise<Recovered> {
  const { client, out } = command;
  const { siteId, name } = lost;
  const done: Recovered = {
    ...{ siteId, name, site: null, settled: null, assessment: null, restored: null, problem: null },
  };
  try {
    done.site = await bringSite(command, lost, options, secrets);
    out.say(`${done.site.name}: in the list, with ${counted(lost.backups, 'backup')}.`);
    const follow = async ({ runId }: { runId: Run['id'] }) => (await followRuns(command, [runId]))[0] ?? null;
    done.settled = await follow(await client.emergency.settle({ siteId }));
    out.say(`  ${done.settled?.summary ?? ''}`);
    // While that run may live, nobody else touches the site.
    if (done.settled?.problem?.code === 'site-busy') throw new Problem(done.settled.problem);
    const assessment = await client.emergency.assess({ siteId });
    done.assessment = assessment;
    sayAssessment(out, assessment);
    const { backup } = assessment;
    if (options.restore !== true || backup === null || !(assessment.sick || assessment.differs)) return done;
    const started = await client.backups.restore({
      ...{ backupId: backup.id, to: { kind: 'site' }, database: backup.database !== null },
    });
    done.restored = await follow(started);
    out.say(`  ${done.restored?.summary ?? ''}`);
    if (done.restored?.state !== 'done') throw failed(done.restored, 'The backup was not restored.');
  } catch (error) {
    const problem = problemOf(error);
    done.problem = problem.toJSON();
    out.warn(`${name}: ${problem.message} ${problem.answered}`.trimEnd());
    if (problem.todo !== '') out.warn(`  to do: ${problem.todo}`);
  }
  return done;
}

/** The site is in the list under the id that its backups have. */
async function bringSite(
  command: Command,
  { siteId, name, known, isHere, twin }: LostSite,
  options: SiteOptions,
  secrets: Secrets,
): Promise<Site> {
  const { client } = command;
  if (isHere) return client.sites.find({ nameOrId: siteId });
  if (twin !== null) {
    if (options.adopt === true) return client.emergency.adopt({ siteId, as: twin });
    const { name: here } = await client.sites.find({ nameOrId: twin });
    throw new Problem({
      code: 'added-anew',
      message: `“${here}” was added here anew, and seems to be the site of these backups.`,
      todo: 'If it is, say --adopt: it goes on with them.',
    });
  }
  const isElsewhere = options.ssh !== undefined || options.sftp !== undefined || options.local === true;
  if (known === null && !isElsewhere) throw notRecorded(name);
  const connection =
    known === null || isElsewhere
      ? (await connectionFrom(command, { ...options, passwordStdin: false, passphraseStdin: false }))
          .connection
      : known.connection;
  const login = loginFrom(options);
  const reached =
    connection.kind === 'local' || login === null ? connection : { ...connection, authentication: login };
  const access = { siteId, connection: reached, secrets };
  let trial = await client.emergency.tryAccess(access);
  const shown = trial.outcome === 'ok' ? undefined : trial.key;
  const isAccepted = trial.outcome === 'unknown-host' && shown?.fingerprint === options.acceptHostKey;
  const isReplaced = trial.outcome === 'failed' && shown?.fingerprint === options.replaceHostKey;
  if (shown !== undefined && (isAccepted || isReplaced)) {
    await client.connections.trust({ key: shown, replaces: isReplaced });
    trial = await client.emergency.tryAccess(access);
  }
  if (trial.outcome === 'unknown-host') throw unconfirmed(trial.key);
  if (trial.outcome === 'failed')
    throw new Problem(trial.key ? otherKey(trial.problem, trial.key.fingerprint) : trial.problem);

  const found =
    known !== null || options.root === undefined
      ? null
      : await client.connections.look({ connection: reached, secrets, root: options.root });
  const root = options.root ?? known?.root;
  const url = options.url ?? known?.url ?? found?.url ?? undefined;
  if (root === undefined || url === undefined) throw notRecorded(name);
  return client.emergency.bringSite({
    siteId,
    secrets,
    draft: {
      ...(known ?? { name, tags: [], notes: '' }),
      ...{ root: remotePath(root), url, connection: reached },
      platform: options.platform ?? known?.platform ?? found?.platform ?? 'files',
    },
  });
}

function sayAssessment(out: Command['out'], { findings, sick, backup, ...rest }: Assessment): void {
  for (const { text, todo, which } of findings.filter(({ level }) => level === 'wrong')) {
    out.say(`  wrong: ${text} ${todo}`.trimEnd());
    for (const line of which) out.say(`      ${line}`);
  }
  for (const { takenAt, why } of rest.passedOver)
    out.say(`  the backup of ${when(takenAt)} is damaged: ${why}`);
  if (backup === null) return out.say('  there is no good backup of it');
  const { preview, problem, differs } = rest;
  if (problem !== null)
    out.say(`  it could not be compared with its backup: ${problem.message} ${problem.answered}`);
  if (preview !== null) {
    const { added, changed, deleted, mode, target, unread } = preview.counts;
    out.say(
      differs
        ? `  since the backup of ${when(backup.takenAt)}: ${added} paths added, ${changed + target} changed, ${deleted} deleted${mode + unread > 0 ? `, ${mode + unread} with other rights` : ''}`
        : `  as in the backup of ${when(backup.takenAt)}`,
    );
    for (const { path, change } of preview.changes.slice(0, 20)) out.say(`      ${change}: ${path}`);
    for (const { table, before, now } of preview.rows ?? [])
      out.say(`      ${table}: ${now} rows now, ${before} in the backup`);
  }
  if (!sick && !differs) return out.say('  it is well');
  out.say(
    `  ${sick ? 'it is sick' : 'it is well'}; to restore that backup: groundskeeper backups restore ${backup.id} --to-site${(rest.preview?.rows ?? []).length === 0 ? '' : ', with --database for its rows, too'}`,
  );
}

/** Whether somebody has to look after it still. */
export function isNotWell({ problem, settled, assessment, restored }: Recovered): boolean {
  return (
    problem !== null ||
    settled?.state === 'failed' ||
    (assessment?.sick === true && restored?.state !== 'done')
  );
}

function otherKey(problem: ProblemShape, shown: string): ProblemShape {
  return {
    ...problem,
    todo: `Somebody may be in between, or the server was set up anew. Ask the host for the new fingerprint. Only when it is the same: --replace-host-key ${shown}`,
  };
}

function notRecorded(name: string): Problem {
  return new Problem({
    code: 'site-not-recorded',
    message: `The backups of ${name} are of an older version that did not record how the site is reached.`,
    todo: 'Say it: --ssh user@host (or --sftp, --local), --root PATH, --url URL.',
  });
}

/** Why a run did not do what it was to do. */
export function failed(run: Run | null | undefined, message: string): Problem {
  return new Problem(
    run?.problem ?? { code: 'run-failed', message, answered: run?.summary ?? '', todo: '', attempted: '' },
  );
}
