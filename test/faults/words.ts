import type { HostKind, Kind } from './kinds.ts';

/** The command line that updates a cell's component. */
export function updateArguments(kind: Kind, over: HostKind): string[] {
  // No watchdog runs where there is no shell: a person agrees to that.
  return ['update', 'Cell', '--component', kind.slug, ...(over === 'sftp' ? ['--without-watchdog'] : [])];
}

/** @param lease seconds; null: the product's own */
export function leaseIn(lease: number | null): Record<string, string> {
  return lease === null ? {} : { GROUNDSKEEPER_LEASE: String(lease) };
}

/** The step's name as a table has it: without the component's. */
export function stepOf(name: string): string {
  return name.split(' ')[0] ?? name;
}
