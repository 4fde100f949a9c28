import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Component } from '../../../main/platforms/index.ts';
import { inOrder, standsOn, type Ordered } from '../../../main/updates/order.ts';
import { aComponent, aRelease, core } from '../samples.ts';

function anUpdate(
  component: Partial<Component>,
  needs: readonly string[] = [],
  newCore: string | null = null,
): Ordered {
  return {
    component: component.kind === 'core' ? core('6.4.3') : aComponent(component),
    release: aRelease({ requires: { core: newCore, php: null, database: null } }),
    needs,
  };
}
const names = (updates: readonly Ordered[]) => updates.map(({ component }) => component.slug);

describe('the order of several updates', () => {
  it('puts the core last, and after it what needs the new one', () => {
    const updates = [
      anUpdate({ slug: 'modern' }, [], '6.5'),
      anUpdate({ kind: 'core' }),
      anUpdate({ kind: 'theme', slug: 'garden' }),
      anUpdate({ slug: 'plain' }, [], '6.4'),
    ];
    expect(names(inOrder(updates))).toEqual(['plain', 'garden', 'wordpress', 'modern']);
  });

  it('puts what is needed before what needs it, and a parent theme before its child', () => {
    const updates = [
      anUpdate({ slug: 'shop-cards' }, ['shop']),
      anUpdate({ kind: 'theme', slug: 'child', parent: 'garden' }),
      anUpdate({ kind: 'theme', slug: 'garden' }),
      anUpdate({ slug: 'shop' }, ['base']),
      anUpdate({ slug: 'base' }),
    ];
    expect(names(inOrder(updates))).toEqual(['base', 'shop', 'shop-cards', 'garden', 'child']);
  });

  it('needs no new core for one that a candidate of it is there already', () => {
    const release = aRelease({ requires: { core: '6.5', php: null, database: null } });
    const candidate = { component: core('6.5-RC1'), release: aRelease() };
    expect(standsOn({ component: aComponent(), release }, candidate)).toBe(false);
    expect(standsOn({ component: aComponent(), release }, { ...candidate, component: core('6.4') })).toBe(
      true,
    );
  });

  it('keeps every update, once, and every need that goes in no circle', () => {
    const slugs = ['a', 'b', 'c', 'd', 'e', 'f'];
    const some = fc.uniqueArray(
      fc.record({
        slug: fc.constantFrom(...slugs),
        needs: fc.subarray(slugs),
        newCore: fc.constantFrom(null, '6.4', '6.5'),
      }),
      { selector: ({ slug }) => slug },
    );
    fc.assert(
      fc.property(some, fc.boolean(), (plugins, withCore) => {
        const updates = [
          ...plugins.map(({ slug, needs, newCore }) => anUpdate({ slug }, needs, newCore)),
          ...(withCore ? [anUpdate({ kind: 'core' })] : []),
        ];
        const ordered = inOrder(updates);
        expect(new Set(ordered)).toEqual(new Set(updates));
        expect(ordered).toHaveLength(updates.length);
        // Names in alphabetical order cannot go in a circle.
        const straight = updates.map((update) => ({
          ...update,
          needs: update.needs.filter((need) => need < update.component.slug),
          release: aRelease(),
        }));
        const at = names(inOrder(straight));
        for (const { component, needs } of straight)
          for (const need of needs)
            if (at.includes(need)) expect(at.indexOf(need)).toBeLessThan(at.indexOf(component.slug));
      }),
    );
  });
});
