import type { App } from '../../state/app.svelte.ts';
import { t } from '../../words/words.svelte.ts';
import type { Item } from './search.ts';

/** What can be done from anywhere; on a site's page also what can be done with that site. */
export function commandsOf(app: App): Item[] {
  const command = (id: string, label: string, run: () => void, note = ''): Item => ({
    id,
    label,
    note,
    group: 'command',
    run,
  });
  const go = (id: string, label: string, route: Parameters<App['go']>[0]) =>
    command(id, label, () => app.go(route));
  const here = app.route.screen === 'site' ? app.site(app.route.id)?.site : undefined;
  const forSite =
    here === undefined
      ? []
      : [
          command('check-this', t('palette.checkSite', { name: here.name }), () => {
            void app.try(() => app.client.checks.start({ siteIds: [here.id], force: true }));
          }),
          command('back-up-this', t('palette.backUpSite', { name: here.name }), () => {
            void app.try(() => app.client.backups.start({ siteId: here.id }));
          }),
          go('emergency', t('palette.emergency', { name: here.name }), {
            ...{ screen: 'site', id: here.id, tab: 'emergency' },
          }),
        ];
  return [
    ...forSite,
    command('check-all', t('sites.checkAll'), () => void app.try(() => app.client.checks.start({}))),
    go('add', t('sites.add'), { screen: 'add-site' }),
    go('sites', t('nav.sites'), { screen: 'sites' }),
    go('activity', t('nav.activity'), { screen: 'activity' }),
    go('backups', t('nav.backups'), { screen: 'backups' }),
    go('settings', t('nav.settings'), { screen: 'settings' }),
    go('new-computer', t('newComputer.title'), { screen: 'new-computer', id: '' }),
    command('verify', t('backups.verifyAll'), () => {
      void app.try(async () => {
        const { runId } = await app.client.backups.verify({});
        app.go({ screen: 'run', id: runId });
      });
    }),
    ...(['light', 'dark', 'system'] as const).map((theme) =>
      command(`theme-${theme}`, t(`palette.theme.${theme}`), () => {
        void app.try(async () => (app.preferences = await app.client.preferences.set({ theme })));
      }),
    ),
  ];
}
