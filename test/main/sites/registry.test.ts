import { describe, expect, it } from 'vitest';
import { openSites } from '../../../main/sites/index.ts';
import { newSiteId, remotePath } from '../../../main/words/index.ts';
import { aClock, aDraft, aJsonFile } from '../samples.ts';

const open = (file = aJsonFile()) => openSites(file, aClock(42));
const bakery = aDraft();
const florist = aDraft({ name: 'Florist', root: remotePath('/srv/www/florist') });

describe('the registry', () => {
  it('keeps what was added, also when it is opened anew', () => {
    const file = aJsonFile();
    const { id } = open(file).add(bakery);
    expect(open(file).get(id)).toMatchObject({ ...bakery, id, addedAt: 42, privateFolder: null });
  });

  it('finds a site by its id or its name, in any letters', () => {
    const sites = open();
    const { id } = sites.add(bakery);
    expect([
      sites.find(id).id,
      sites.find('hollyhock BAKERY').id,
      sites.find(' Hollyhock Bakery ').id,
    ]).toEqual([id, id, id]);
    expect(() => sites.find('nobody')).toThrow(expect.objectContaining({ code: 'no-such-site' }));
    expect(() => sites.get(newSiteId())).toThrow(expect.objectContaining({ code: 'no-such-site' }));
  });

  it('takes a site back under the id that it had, once', () => {
    const file = aJsonFile();
    const gone = { ...open().add(bakery), privateFolder: remotePath('/home/deploy/.groundskeeper/1') };
    const sites = open(file);
    sites.bringBack(gone);
    expect(open(file).get(gone.id)).toEqual(gone);
    const twice = { ...gone, name: 'Another', root: remotePath('/elsewhere') };
    expect(() => sites.bringBack(twice)).toThrow(expect.objectContaining({ code: 'site-exists' }));
    expect(() => sites.bringBack({ ...gone, id: newSiteId() })).toThrow(
      expect.objectContaining({ code: 'site-exists' }),
    );
    expect(sites.list()).toEqual([gone]);
  });

  it('gives a site the id under which its backups are, unless that is another site', () => {
    const sites = open();
    const [here, other, old] = [sites.add(bakery), sites.add(florist), newSiteId()];
    expect(sites.renumber(here.id, old)).toEqual({ ...here, id: old });
    expect(sites.list().map(({ id }) => id)).toEqual([other.id, old]);
    expect(() => sites.renumber(old, other.id)).toThrow(expect.objectContaining({ code: 'site-exists' }));
  });

  it.each([
    ['a site of the same name', aDraft({ root: remotePath('/elsewhere') })],
    [
      'a site of the same name in other letters',
      aDraft({ name: 'HOLLYHOCK bakery', root: remotePath('/elsewhere') }),
    ],
    ['the same root on the same server', aDraft({ name: 'Another' })],
  ])('refuses a twin: %s', (_name, twin) => {
    const sites = open();
    sites.add(bakery);
    expect(() => sites.add(twin)).toThrow(expect.objectContaining({ code: 'site-exists' }));
    expect(sites.list()).toHaveLength(1);
  });

  it('takes the same root on another server, and another root on the same one', () => {
    const sites = open();
    sites.add(bakery);
    sites.add(florist);
    sites.add(aDraft({ name: 'Elsewhere', connection: { kind: 'local' } }));
    expect(sites.list()).toHaveLength(3);
  });

  it('refuses an edit that makes a twin, and leaves the site as it was', () => {
    const sites = open();
    sites.add(bakery);
    const { id } = sites.add(florist);
    expect(() => sites.edit(id, { name: 'Hollyhock Bakery' })).toThrow(
      expect.objectContaining({ code: 'site-exists' }),
    );
    expect(sites.get(id).name).toBe('Florist');
    expect(sites.edit(id, { name: 'Florist', tags: ['shop'] })).toMatchObject({ tags: ['shop'] });
  });

  it('removes a site and says so', () => {
    const sites = open();
    const heard: unknown[] = [];
    sites.changed.on((id) => void heard.push(id));
    const { id } = sites.add(bakery);
    sites.edit(id, { notes: 'x' });
    sites.remove(id);
    expect(sites.list()).toEqual([]);
    expect(heard).toEqual([null, id, null]);
  });

  it('refuses a list that cannot be read rather than losing it', () => {
    expect(() => open(aJsonFile({ sites: [{ name: 'half a site' }] }))).toThrow(
      expect.objectContaining({ code: 'sites-unreadable' }),
    );
  });
});
