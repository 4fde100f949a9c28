import fc from 'fast-check';
import { expect, it } from 'vitest';
import { withoutDetours } from '../../../main/updates/point-in-time.ts';

it('does not go back across updates that were taken back already', () => {
  expect(withoutDetours(['1.2.0', '1.3.0', '1.4.0'])).toEqual(['1.2.0', '1.3.0', '1.4.0']);
  expect(withoutDetours(['1.2.0', '1.3.0', '1.3.5', '1.2.0', '1.2.0', '1.3.0', '1.4.0'])).toEqual([
    '1.2.0',
    '1.3.0',
    '1.4.0',
  ]);
});

it('begins and ends where the way does, has no version twice, and only steps that were made', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('1', '2', '3', '4'), { minLength: 1 }), (way) => {
      const straight = withoutDetours(way);
      expect([straight[0], straight.at(-1)]).toEqual([way[0], way.at(-1)]);
      expect(new Set(straight).size).toBe(straight.length);
      const made = new Set(way.slice(1).map((to, at) => `${way[at]} ${to}`));
      for (const [at, to] of straight.slice(1).entries()) expect(made).toContain(`${straight[at]} ${to}`);
    }),
  );
});
