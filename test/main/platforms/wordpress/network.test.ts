import { describe, expect, it } from 'vitest';
import type { Network, StoredNetwork } from '../../../../main/platforms/index.ts';
import { addressIn, moveNetwork, networkIn } from '../../../../main/platforms/wordpress/network.ts';

const network = (domain: string, part: Partial<Network> = {}): Network => ({
  ...{ subdomains: true, domain, path: '/', number: '1', mainSite: '1' },
  ...part,
});
const stored = (domain: string, sites: StoredNetwork['sites'], part: Partial<Network> = {}) => ({
  ...network(domain, part),
  sites,
});
const at = (address: string) => {
  const cut = address.indexOf('/');
  return { domain: address.slice(0, cut), path: address.slice(cut) };
};

describe('the address of a site of a network in another network', () => {
  it.each([
    ['example.com', 'staging.test', 'example.com/', 'staging.test/'],
    ['example.com', 'staging.test', 'shop.example.com/', 'shop.staging.test/'],
    ['www.example.com', 'www.staging.test', 'shop.example.com/', 'shop.staging.test/'],
    ['localhost:8080', 'localhost:9090', 'shop.localhost:8080/', 'shop.localhost:9090/'],
    ['example.com', 'staging.example.com', 'shop.example.com/', 'shop.staging.example.com/'],
    ['example.com', 'staging.test', 'notexample.com/', null],
    ['example.com', 'staging.test', 'bakery.test/', null],
  ])('with names below its domain: %s to %s, %s', (from, to, site, expected) => {
    expect(addressIn(network(from), network(to), at(site))).toEqual(expected === null ? null : at(expected));
  });

  it.each([
    ['example.com/', 'staging.test/', 'example.com/shop/', 'staging.test/shop/'],
    ['example.com/', 'staging.test/copy/', 'example.com/shop/', 'staging.test/copy/shop/'],
    ['example.com/wp/', 'staging.test/', 'example.com/wp/shop/', 'staging.test/shop/'],
    ['example.com/wp/', 'staging.test/', 'example.com/other/', null],
    ['example.com/', 'staging.test/', 'shop.example.com/', null],
  ])('with folders below its path: %s to %s, %s', (from, to, site, expected) => {
    const of = (address: string) => network('', { subdomains: false, ...at(address) });
    expect(addressIn(of(from), of(to), at(site))).toEqual(expected === null ? null : at(expected));
  });
});

describe('a network that is moved', () => {
  it('has every name moved that is its own, and the others named', () => {
    const from = stored('example.com', [at('shop.example.com/'), at('bakery.test/')]);
    expect(moveNetwork(from, network('staging.test'), 'https')).toEqual({
      moves: [
        { kind: 'url', from: 'http://example.com', to: 'https://staging.test' },
        { kind: 'url', from: 'http://shop.example.com', to: 'https://shop.staging.test' },
      ],
      strangers: ['bakery.test'],
    });
  });

  it.each([
    ['folders', { subdomains: false }],
    ['another number', { number: '2' }],
    ['another main site', { mainSite: '7' }],
  ])('is refused where the other’s configuration says otherwise: %s', (_what, part) => {
    expect(() => moveNetwork(stored('example.com', []), network('staging.test', part), 'http')).toThrow(
      expect.objectContaining({
        code: 'other-network',
        todo: expect.stringContaining("define('DOMAIN_CURRENT_SITE', 'staging.test');") as string,
      }),
    );
  });
});

describe('a network in a backup', () => {
  const rowsOf =
    (tables: Record<string, (string | null)[][]>) =>
    async (table: string): Promise<(string | null)[][]> =>
      tables[table] ?? [];

  it('is read from its tables', async () => {
    const read = rowsOf({
      wp_site: [['1', 'example.com', '/']],
      wp_sitemeta: [['subdomain_install', '1']],
      wp_blogs: [
        ['3', 'shop.example.com', '/'],
        ['1', 'example.com', '/'],
      ],
    });
    expect(await networkIn(read, 'wp_')).toEqual(stored('example.com', [at('shop.example.com/')]));
  });

  it('of several networks is refused', async () => {
    const read = rowsOf({
      wp_site: [
        ['1', 'example.com', '/'],
        ['2', 'example.org', '/'],
      ],
    });
    await expect(networkIn(read, 'wp_')).rejects.toMatchObject({ code: 'many-networks' });
  });
});
