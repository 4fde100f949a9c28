import { z } from 'zod';
import {
  createSignal,
  newSiteId,
  Problem,
  SiteId,
  type Clock,
  type RemotePath,
  type Signal,
} from '../words/index.ts';
import { Site, SiteDraft, type SiteEdit } from './site.ts';

/** What the registry needs of a JSON file; see settings. */
export interface SitesFile {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

/** Every site the user looks after. */
export interface Sites {
  list(): readonly Site[];
  /** @throws Problem `no-such-site`. */
  get(id: SiteId): Site;
  /** By id or by name (case does not matter). @throws Problem `no-such-site`, `ambiguous-site`. */
  find(nameOrId: string): Site;
  /** @throws Problem `site-exists` when the same root on the same server is there already, or the name. */
  add(draft: SiteDraft): Site;
  /**
   * Puts a site into the list under the id that its backups have, as another computer knew it.
   * @throws Problem `site-exists` as `add`, and where the id is in the list already
   */
  bringBack(site: Site): Site;
  /** Gives a site another id: the one under which its backups are. @throws Problem `no-such-site`, `site-exists` */
  renumber(id: SiteId, to: SiteId): Site;
  edit(id: SiteId, edit: SiteEdit): Site;
  /** Records where the site's private folder was put. */
  setPrivateFolder(id: SiteId, folder: RemotePath | null): Site;
  remove(id: SiteId): Site;
  /** Emits the id that changed, or null when the list did. */
  readonly changed: Signal<SiteId | null>;
}

/** The registry over a JSON file. @throws Problem `sites-unreadable` rather than losing a site it can't read. */
export function openSites(file: SitesFile, clock: Clock): Sites {
  const changed = createSignal<SiteId | null>();
  const read = z.array(Site).safeParse(file.get('sites') ?? []);
  if (!read.success) {
    throw new Problem({
      code: 'sites-unreadable',
      message: 'The list of sites cannot be read.',
      attempted: 'Read sites.json in the data folder',
      answered: z.prettifyError(read.error),
      todo: 'Mend the file, or put back a copy of it. Groundskeeper has not changed it.',
    });
  }
  let sites = new Map(read.data.map((site) => [site.id, site]));
  const store = (next: Map<SiteId, Site>, which: SiteId | null) => {
    file.set('sites', [...next.values()]);
    sites = next;
    changed.emit(which);
  };
  const get = (id: SiteId) => {
    const site = sites.get(id);
    if (!site) throw noSuchSite(id);
    return site;
  };
  const refuseTaken = (id: SiteId) => {
    const there = sites.get(id);
    if (there === undefined) return;
    throw new Problem({
      code: 'site-exists',
      message: `“${there.name}” is in the list already, with all of its backups.`,
      todo: 'Open it; nothing has to be brought back.',
    });
  };
  const change = (id: SiteId, next: Site) => {
    store(new Map(sites).set(id, next), id);
    return next;
  };
  return {
    changed,
    list: () => [...sites.values()],
    get,
    find(nameOrId) {
      const byId = SiteId.safeParse(nameOrId);
      const known = byId.success ? sites.get(byId.data) : undefined;
      if (known) return known;
      const wanted = nameOrId.trim().toLowerCase();
      const [first, second] = [...sites.values()].filter((site) => site.name.toLowerCase() === wanted);
      if (!first) throw noSuchSite(nameOrId);
      if (second) {
        throw new Problem({
          code: 'ambiguous-site',
          message: `Several sites are called “${nameOrId}”.`,
          todo: 'Use its id; `sites list` shows it.',
        });
      }
      return first;
    },
    add(given) {
      const draft = SiteDraft.parse(given);
      refuseWithoutShell(draft);
      refuseTwin(draft, sites.values());
      const site = Site.parse({ ...draft, id: newSiteId(), addedAt: clock(), privateFolder: null });
      store(new Map(sites).set(site.id, site), null);
      return site;
    },
    bringBack(given) {
      const site = Site.parse(given);
      refuseTaken(site.id);
      refuseWithoutShell(site);
      refuseTwin(site, sites.values());
      store(new Map(sites).set(site.id, site), null);
      return site;
    },
    renumber(id, to) {
      const site = { ...get(id), id: to };
      refuseTaken(to);
      const others = [...sites].filter(([other]) => other !== id);
      store(new Map([...others, [to, site]]), null);
      return site;
    },
    edit(id, edit) {
      const before = get(id);
      const next = Site.parse({ ...before, ...edit });
      refuseWithoutShell(next);
      refuseTwin(
        next,
        [...sites.values()].filter((site) => site.id !== id),
      );
      return change(id, next);
    },
    setPrivateFolder(id, folder) {
      return change(id, { ...get(id), privateFolder: folder });
    },
    remove(id) {
      const site = get(id);
      const next = new Map(sites);
      next.delete(id);
      store(next, null);
      return site;
    },
  };
}

function noSuchSite(nameOrId: string): Problem {
  return new Problem({
    code: 'no-such-site',
    message: `There is no site “${nameOrId}”.`,
    todo: '`sites list` shows all of them.',
  });
}

/** Platforms whose files tell enough, and whose own PHP does the rest. */
const OVER_SFTP = new Set(['files', 'wordpress']);

/** Most platforms are read by commands; a site that only gives files cannot be one of those. */
function refuseWithoutShell({ connection, platform, name }: SiteDraft): void {
  if (connection.kind !== 'sftp' || OVER_SFTP.has(platform)) return;
  throw new Problem({
    code: 'needs-shell',
    message: `“${name}” is reached over SFTP, which gives files only: what is installed there cannot be read.`,
    answered: `platform: ${platform}`,
    todo: 'Add it as files only (--platform files) to back up and restore its files, or ask the host for a shell.',
  });
}

function refuseTwin(draft: SiteDraft, others: Iterable<Site>): void {
  for (const other of others) {
    if (other.name.toLowerCase() === draft.name.toLowerCase()) {
      throw new Problem({
        code: 'site-exists',
        message: `There is a site called “${other.name}” already.`,
        todo: 'Give this one another name.',
      });
    }
    if (other.root === draft.root && placeOf(other.connection) === placeOf(draft.connection)) {
      throw new Problem({
        code: 'site-exists',
        message: `This installation is known already, as “${other.name}”.`,
        todo: 'Edit that site instead.',
      });
    }
  }
}

/** Which account on which server that is. */
export function placeOf(connection: Site['connection']): string {
  return connection.kind === 'local' ? 'local' : `${connection.user}@${connection.host}:${connection.port}`;
}
