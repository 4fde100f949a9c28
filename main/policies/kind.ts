import { z } from 'zod';

/** What a release is to its component: how risky, and whether a policy may install it by itself. */
export const UpdateKind = z.enum(['patch', 'minor', 'major', 'security', 'hotfix']);
export type UpdateKind = z.infer<typeof UpdateKind>;

/**
 * Names the kind of step from one version to another: security by the source's own word, the rest by the
 * first number that differs. WordPress's own core counts its first two numbers as the major version.
 */
export function kindOfUpdate(
  from: string,
  to: { readonly version: string; readonly security: boolean },
  scheme: 'semver' | 'wordpress-core',
): UpdateKind {
  if (to.security) return 'security';
  const before = numbersOf(from);
  const after = numbersOf(to.version);
  const at = [0, 1, 2].find((index) => (before[index] ?? 0) !== (after[index] ?? 0)) ?? 2;
  const majors = scheme === 'wordpress-core' ? 1 : 0;
  return at <= majors ? 'major' : at === 1 ? 'minor' : 'patch';
}

function numbersOf(version: string): number[] {
  return (version.match(/^[\d.]+/)?.[0] ?? '').split('.').map(Number);
}
