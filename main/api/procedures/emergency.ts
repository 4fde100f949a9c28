import { implement } from '@orpc/server';
import { sitesInStore, type StoredSite } from '../../backups/index.ts';
import { keysOnTheWay, trustAsBefore } from '../../connections/index.ts';
import { placeOf, type Site, type SiteDraft } from '../../sites/index.ts';
import { assessSite, takeOver, TAKE_OVER_STEPS } from '../../updates/index.ts';
import { counted, Problem, type SiteId } from '../../words/index.ts';
import { contract } from '../contract.ts';
import type { Services } from '../services.ts';
import { givenSecrets } from './connections.ts';
import { saveSecrets } from './sites.ts';
import { tryOut } from './try-out.ts';
import { refuseInterrupted } from './updates.ts';

const NEVER = new AbortController().signal;

/** Everything back on a new computer, from nothing but the store, its phrase and access to the sites. */
export function emergencyProcedures(services: Services) {
  const api = implement(contract).emergency;
  const { sites, store, history, secrets, hostKeys } = services;

  const storedSite = async (siteId: SiteId): Promise<StoredSite> => {
    const [found] = await sitesInStore(store, siteId);
    if (found !== undefined) return found;
    throw new Problem({
      code: 'no-backups-of-site',
      message: 'There is no backup of this site in the store.',
      answered: siteId,
      todo: '`emergency recover` alone shows which sites the backups know. Any other is added as a new one.',
    });
  };
  const note = (site: Site, summary: string) =>
    history.add({
      ...{ siteId: site.id, siteName: site.name, runId: null },
      ...{ kind: 'site-added', outcome: 'done', summary },
    });

  return {
    sites: api.sites.handler(async () => {
      const inStore = await sitesInStore(store);
      const twinOf = twinsAmong(sites.list());
      const here = new Set(sites.list().map(({ id }) => id));
      return inStore.map((stored) => {
        const { siteId, name, latest, backups, record } = stored;
        const isHere = here.has(siteId);
        const known = record?.site ?? null;
        return {
          ...{ siteId, name, latest, backups, known, isHere },
          twin: isHere ? null : twinOf(stored),
        };
      });
    }),
    tryAccess: api.tryAccess.handler(async ({ input, signal }) => {
      const { record } = await storedSite(input.siteId);
      // Who can write to an open store could have put keys of their own into it.
      if (record !== null && store.state().sealed) {
        const before = new Set(keysOnTheWay(hostKeys, input.connection).map((key) => key.fingerprint));
        trustAsBefore(hostKeys, input.connection, record.hostKeys);
        for (const { host, port, fingerprint } of keysOnTheWay(hostKeys, input.connection))
          if (!before.has(fingerprint))
            await history.add({
              ...{ siteId: null, siteName: null, runId: null, kind: 'host-trusted', outcome: 'done' },
              summary: `The key ${fingerprint} of ${host}:${port} is trusted as it was on the computer before.`,
            });
      }
      return tryOut(
        services.clock,
        input.connection,
        (work) =>
          services.connections.use(input.connection, givenSecrets(input.secrets), signal ?? NEVER, work),
        signal,
      );
    }),
    bringSite: api.bringSite.handler(async ({ input }) => {
      const { record, backups } = await storedSite(input.siteId);
      services.platforms.get(input.draft.platform);
      const site = sites.bringBack({
        ...input.draft,
        id: input.siteId,
        addedAt: record?.site.addedAt ?? services.clock(),
        privateFolder:
          record !== null && isSamePlace(record.site, input.draft) ? record.site.privateFolder : null,
      });
      await saveSecrets(services, site.id, input.secrets);
      await note(site, `${site.name} was brought back with ${counted(backups, 'backup')}.`);
      return site;
    }),
    adopt: api.adopt.handler(async ({ input }) => {
      const { name, backups } = await storedSite(input.siteId);
      const before = sites.get(input.as);
      await refuseInterrupted(services, before.id);
      const own = (await store.list(before.id)).length;
      const kept = (await services.updates.kept.of(before.id)).length;
      const isBusy = services.runs.live().some((run) => run.siteId === before.id);
      if (own > 0 || kept > 0 || isBusy)
        throw new Problem({
          code: 'has-its-own',
          message: `${before.name} has ${isBusy ? 'a run under way' : own > 0 ? counted(own, 'backup') : 'an old version to roll back to'} of its own, so it stays the site that it is.`,
          attempted: `Give it the backups of “${name}”`,
          todo: isBusy
            ? 'Wait until that is done.'
            : 'Restore an old backup to it as to another site instead: `groundskeeper restore BACKUP --to SITE`.',
        });
      const site = sites.renumber(before.id, input.siteId);
      await moveSecrets(services, before, site.id);
      secrets.forget(`${before.id}:`);
      await services.records.forget(before.id);
      await note(site, `${site.name} goes on with ${counted(backups, 'backup')} of “${name}”.`);
      return site;
    }),
    settle: api.settle.handler(async ({ input }) => {
      const site = sites.get(input.siteId);
      await refuseInterrupted(services, site.id);
      const run = await services.runs.start(
        {
          kind: 'rollback',
          site: { id: site.id, name: site.name },
          title: `Ask ${site.name} what the computer before left there`,
          expected: TAKE_OVER_STEPS.map((step) => ({ ...step })),
          plan: {},
        },
        services.hostOf(site),
        (context) => takeOver(services.updates, site, context, { mayBeNone: true }),
      );
      return { runId: run.id };
    }),
    assess: api.assess.handler(({ input, signal }) =>
      assessSite(services.updates, sites.get(input.siteId), signal ?? NEVER),
    ),
  };
}

/** Finds the site in the list that was added anew: the same installation, address or name. */
function twinsAmong(sites: readonly Site[]): (stored: StoredSite) => SiteId | null {
  const place = ({ connection, root }: Pick<SiteDraft, 'connection' | 'root'>) =>
    `${placeOf(connection)} ${root}`;
  const address = (url: string) => url.replace(/\/+$/, '').toLowerCase();
  /** Of those that are alike in it the first one counts. */
  const by = (what: (site: Site) => string) =>
    new Map(sites.toReversed().map((site) => [what(site), site.id]));
  const [places, addresses, names] = [
    by(place),
    by(({ url }) => address(url)),
    by(({ name }) => name.toLowerCase()),
  ];
  return ({ name, record }) =>
    (record === null ? undefined : places.get(place(record.site))) ??
    (record === null ? undefined : addresses.get(address(record.site.url))) ??
    names.get(name.toLowerCase()) ??
    null;
}

function isSamePlace(
  one: Pick<SiteDraft, 'connection' | 'root'>,
  other: Pick<SiteDraft, 'connection' | 'root'>,
) {
  return one.root === other.root && placeOf(one.connection) === placeOf(other.connection);
}

async function moveSecrets({ secrets }: Services, { id, connection }: Site, to: SiteId): Promise<void> {
  const hops = connection.kind === 'local' ? 0 : connection.jump.length + 1;
  for (let hop = 0; hop < hops; hop += 1)
    for (const what of ['password', 'passphrase']) {
      const secret = await secrets.get(`${id}:${what}:${hop}`);
      if (secret !== null) await secrets.set(`${to}:${what}:${hop}`, secret);
    }
}
