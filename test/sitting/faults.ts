/** What can happen to a small site while it is updated: random in kind and moment, over before the outcome is looked at. */
import { setTimeout as wait } from 'node:timers/promises';
import type { SmallSite } from './small-site.ts';

export interface Fault {
  readonly name: string;
  /** How often, against the others. */
  readonly weight: number;
  /** Strikes once, at a random moment. @param cancel what the user can do */
  readonly strike: (site: SmallSite, random: () => number, cancel: () => Promise<void>) => Promise<void>;
}

/** Milliseconds in which an update is through. */
const UPDATE = 5_000;
const between = (random: () => number, least: number, most: number) =>
  Math.round(least + random() * (most - least));
const someTime = (random: () => number) => wait(between(random, 0, UPDATE));

export const FAULTS: readonly Fault[] = [
  { name: 'none', weight: 20, strike: async () => {} },
  {
    name: 'connection cut at a byte',
    weight: 20,
    strike: async ({ cutting }, random) =>
      cutting.will({
        kind: random() < 0.5 ? 'reset' : 'end',
        direction: random() < 0.5 ? 'up' : 'down',
        after: between(random, 0, 400_000),
      }),
  },
  {
    name: 'host away for seconds',
    weight: 15,
    async strike({ way }, random) {
      await someTime(random);
      way.cut();
      await wait(between(random, 500, 9_000));
      way.mend();
    },
  },
  {
    name: 'network silent for seconds',
    weight: 10,
    async strike({ way }, random) {
      await someTime(random);
      way.stall();
      await wait(between(random, 500, 9_000));
      way.mend();
    },
  },
  {
    name: 'commands killed',
    weight: 10,
    async strike({ ssh }, random) {
      await someTime(random);
      ssh.endCommands();
    },
  },
  {
    name: 'a program fails',
    weight: 15,
    strike: async (site, random) => site.failAt(between(random, 1, 150)),
  },
  {
    name: 'web server gone for seconds',
    weight: 10,
    async strike(site, random) {
      await someTime(random);
      await site.webDown();
      await wait(between(random, 500, 6_000));
      await site.webUp();
    },
  },
  {
    name: 'cancelled',
    weight: 10,
    async strike(_site, random, cancel) {
      await someTime(random);
      await cancel();
    },
  },
];

/** One of them, or now and then two. */
export function someFaults(random: () => number): Fault[] {
  const pick = () => {
    let left = random() * FAULTS.reduce((sum, { weight }) => sum + weight, 0);
    for (const fault of FAULTS) {
      left -= fault.weight;
      if (left < 0) return [fault];
    }
    return [];
  };
  const two = [...pick(), ...pick()].filter(
    ({ strike }, at, all) => all.findIndex((one) => one.strike === strike) === at,
  );
  return random() < 0.15 ? two : two.slice(0, 1);
}

/** All is well again, whatever struck. */
export async function mend(site: SmallSite): Promise<void> {
  site.cutting.will(null);
  site.way.mend();
  site.failAt(null);
  await site.webUp();
}
