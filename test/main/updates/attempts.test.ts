import { describe, expect, it } from 'vitest';
import { atMost, SWAP_BACK } from '../../../main/updates/attempts.ts';
import type { Hands } from '../../../main/updates/hands.ts';
import { Problem } from '../../../main/words/index.ts';

/** Hands that reach nothing: only their signal counts. */
function handsUntil(signal: AbortSignal): Hands {
  const never = () => Promise.reject(new Error('nothing is reached here'));
  const hands: Partial<Hands> = { signal, on: never, until: handsUntil };
  return hands as Hands;
}
const refused = new Problem({
  code: 'remote-failed',
  message: 'The disk is full.',
  todo: 'Free some space.',
});

describe('bringing files back', () => {
  it('is tried three times, then stops with what the last try answered', async () => {
    let tries = 0;
    const trying = atMost(handsUntil(new AbortController().signal), {
      attempts: 3,
      within: 60_000,
      pause: 1,
    })(async () => {
      tries += 1;
      throw refused;
    });
    await expect(trying).rejects.toMatchObject({
      code: 'gave-up',
      message: 'The files could not be brought back: The disk is full.',
      attempted: 'Bring the files back, 3 times',
      todo: 'Free some space.',
    });
    expect(tries).toBe(3);
  });

  it('ends when one try goes well', async () => {
    let tries = 0;
    await atMost(handsUntil(new AbortController().signal), { ...SWAP_BACK, pause: 1 })(async () => {
      tries += 1;
      if (tries === 1) throw refused;
    });
    expect(tries).toBe(2);
  });

  it('ends when its time is over, and the work hears of it', async () => {
    const trying = atMost(handsUntil(new AbortController().signal), { attempts: 3, within: 50, pause: 1 })(
      ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(refused));
        }),
    );
    await expect(trying).rejects.toMatchObject({ code: 'gave-up', attempted: 'Bring the files back, once' });
  });
});
