import type { Run, SiteSummary } from '../../api/index.ts';
import type { Words } from './words.ts';

/** What the tray shows: a picture, a number beside it, and a menu. */
export type TrayView = {
  readonly icon: 'calm' | 'waiting' | 'working' | 'trouble';
  /** What needs a person: updates that fit, and sites in trouble. */
  readonly badge: number;
  readonly tooltip: string;
  readonly items: readonly TrayItem[];
};

export type TrayItem =
  | { readonly kind: 'line' }
  | { readonly kind: 'note'; readonly label: string }
  | { readonly kind: 'act'; readonly label: string; readonly act: TrayAct };

export type TrayAct = { readonly do: 'open'; readonly place: string } | { readonly do: 'check' | 'quit' };

const MOST_RUNS = 5;
const MOST_SITES = 8;

/** The tray for what is known now. Pure: the same state gives the same view. */
export function trayView(sites: readonly SiteSummary[], running: readonly Run[], words: Words): TrayView {
  const waiting = sites.filter((one) => one.waiting.fitting > 0);
  const updates = waiting.reduce((sum, one) => sum + one.waiting.fitting, 0);
  const trouble = sites.filter((one) => one.state === 'failed');

  const facts = [
    ...(trouble.length > 0 ? [words.count('tray.trouble', trouble.length)] : []),
    updates > 0 ? words.count('tray.waits', updates) : trouble.length > 0 ? [] : words.say('tray.nothing'),
    ...(running.length > 0 ? [words.count('tray.runs', running.length)] : []),
  ].flat();
  const bySize = [...trouble, ...waiting.filter((one) => one.state !== 'failed')].slice(0, MOST_SITES);

  return {
    icon: trouble.length > 0 ? 'trouble' : running.length > 0 ? 'working' : updates > 0 ? 'waiting' : 'calm',
    badge: updates + trouble.length,
    tooltip: `Groundskeeper – ${facts.join(', ')}`,
    items: [
      ...facts.map((label): TrayItem => ({ kind: 'note', label })),
      ...section(
        bySize.map(({ site, waiting: { fitting } }) =>
          open(fitting > 0 ? `${site.name} (${fitting})` : site.name, `/sites/${site.id}`),
        ),
      ),
      ...section(running.slice(0, MOST_RUNS).map((run) => open(runLabel(run), `/runs/${run.id}`))),
      { kind: 'line' },
      { kind: 'act', label: words.say('tray.checkNow'), act: { do: 'check' } },
      open(words.say('tray.open'), ''),
      { kind: 'line' },
      { kind: 'act', label: words.say('tray.quit'), act: { do: 'quit' } },
    ],
  };
}

function section(items: TrayItem[]): TrayItem[] {
  return items.length === 0 ? [] : [{ kind: 'line' }, ...items];
}

function open(label: string, place: string): TrayItem {
  return { kind: 'act', label, act: { do: 'open', place } };
}

function runLabel({ siteName, title, progress }: Run): string {
  const share = progress?.total ? ` ${Math.floor((progress.done / progress.total) * 100)} %` : '';
  return `${siteName === null ? '' : `${siteName}: `}${title}${share}`;
}
