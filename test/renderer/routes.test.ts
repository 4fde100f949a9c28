import { describe, expect, it } from 'vitest';
import { type Route, hashOf, routeOf } from '../../renderer/state/routes.ts';

describe('an address', () => {
  it.each<Route>([
    { screen: 'sites' },
    { screen: 'add-site' },
    { screen: 'site', id: 'site_1', tab: 'overview' },
    { screen: 'site', id: 'site_1', tab: 'connection' },
    { screen: 'run', id: 'run_1' },
    { screen: 'activity' },
    { screen: 'backups' },
    { screen: 'backup', id: 'backup_1', path: '' },
    { screen: 'backup', id: 'backup_1', path: 'wp-content/100 % #1?/メニュー.png' },
    { screen: 'compare', before: 'backup_1', after: 'backup_2', path: '' },
    { screen: 'compare', before: 'backup_1', after: 'backup_2', path: 'a b/メニュー.png' },
    { screen: 'backup', id: 'backup_1', path: 'Gr\udcf6\udcdfe.txt/日\udce6\udc97 é😀%\udcff' },
    { screen: 'settings' },
  ])('leads back to its place: %o', (route) => {
    expect(routeOf(hashOf(route))).toEqual(route);
  });

  it.each(['', '#', '#/', '#/nonsense', '#/%E0%A4%A'])(
    'that names nothing leads to the sites: %s',
    (hash) => {
      expect(routeOf(hash)).toEqual({ screen: 'sites' });
    },
  );

  it('is read with or without its sign, as toasts give it', () => {
    expect(routeOf('/runs/run_1')).toEqual({ screen: 'run', id: 'run_1' });
  });
});
