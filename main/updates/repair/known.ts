import type { CheckRecords } from '../../checks/index.ts';
import type { Component, Reading } from '../../platforms/index.ts';
import { asProblem } from '../../words/index.ts';
import type { Hands } from '../hands.ts';

/** What is installed, as far as it can be told. */
export interface Known {
  readonly components: readonly Component[];
  /** null: the site cannot be read now. */
  readonly reading: Reading | null;
  readonly locale: string;
  /** Why not all of it was read from the site just now. */
  readonly warnings: readonly string[];
}

const REPAIRABLE: readonly string[] = ['core', 'plugin', 'theme'];
const keyOf = ({ kind, slug }: Component) => `${kind} ${slug}`;

/**
 * What is installed on a site that may be broken. A component whose own file says nothing of it any more (it is empty, say, or gone) is
 * what the last check saw there.
 */
export async function knownComponents(
  services: { readonly records: CheckRecords },
  hands: Hands,
): Promise<Known> {
  const warnings: string[] = [];
  const reading = await hands.reading().catch((error: unknown) => {
    hands.signal.throwIfAborted();
    const { code, message } = asProblem(error);
    // A site that is out of reach is not one that is broken.
    if (!UNREADABLE.has(code)) throw error;
    warnings.push(
      `The site cannot be read as it is (${message}); what is installed is what the last check saw.`,
    );
    return null;
  });
  const before = await services.records.inventory(hands.site.id);
  const now = (reading?.inventory.components ?? []).filter(({ version }) => version !== '');
  const seen = new Set(now.map(keyOf));
  const lost = (before?.components ?? []).filter((one) => one.version !== '' && !seen.has(keyOf(one)));
  if (reading !== null)
    for (const { kind, name, version } of lost)
      if (REPAIRABLE.includes(kind))
        warnings.push(
          `${name} cannot be recognised any more; the last check saw version ${version} there. Where its folder is gone, nothing is made anew.`,
        );
  const locale = (reading?.inventory ?? before)?.locale ?? 'en_US';
  return {
    reading,
    locale,
    warnings,
    components: [...now, ...lost].filter(({ kind }) => REPAIRABLE.includes(kind)),
  };
}

/** How reading fails on a site that is reached and broken. */
const UNREADABLE: ReadonlySet<string> = new Set([
  'no-php',
  'not-an-installation',
  'unreadable-answer',
  'remote-failed',
]);
