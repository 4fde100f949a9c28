import type { Run } from '../runs/index.ts';
import type { Preferences } from '../settings/index.ts';

/** Something worth a toast. `to` is where its click leads, as a path of the renderer. */
export interface Notice {
  readonly title: string;
  readonly body: string;
  readonly to: string;
}

/** What the user should hear of sites without a recent backup, all of them in one. */
export function overdueNotice(sites: readonly string[]): Notice {
  const [first = ''] = sites;
  return {
    title:
      sites.length === 1 ? `${first} has no recent backup` : `${sites.length} sites have no recent backup`,
    body:
      sites.length === 1
        ? 'Back it up, or look why it could not be.'
        : `${sites.slice(0, 4).join(', ')}${sites.length > 4 ? '…' : ''}`,
    to: '/backups',
  };
}

/** What the user should hear about a run that ended; null: nothing. Checks that went well are never news. */
export function noticeOf(run: Run, wishes: Preferences['notifications']): Notice | null {
  const about = run.siteName ?? 'Groundskeeper';
  const notice = (title: string): Notice => ({ title, body: run.summary, to: `/runs/${run.id}` });
  switch (run.state) {
    case 'failed':
    case 'interrupted':
      return wishes.failures ? notice(`${about}: ${run.title} failed`) : null;
    case 'rolled-back':
      return wishes.rollbacks ? notice(`${about} was rolled back`) : null;
    case 'done':
      return wishes.successes && run.kind !== 'check' ? notice(`${about}: ${run.title}`) : null;
    case 'waiting':
    case 'running':
    case 'cancelled':
      return null;
  }
}
