import { z } from 'zod';
import { Problem, readJson, type Clock } from '../../words/index.ts';
import { LEASE, type Place } from './place.ts';

const Lease = z.object({ owner: z.string(), at: z.number() });

/** Milliseconds after which a writer that said nothing counts as gone. */
const GONE = 15 * 60_000;
const RENEW = 4 * 60_000;

/**
 * Does work as the only writer of a place. Two computers that brought back the same store would otherwise take away
 * each other's packs. Files are written whole anyway, so the worst that a clock gone wrong can do is to let the second one wait.
 * @param owner this data folder's own name: what it left itself after a crash is taken over
 * @throws Problem `copy-in-use`
 */
export async function asOnlyWriter<T>(
  place: Place,
  owner: string,
  clock: Clock,
  work: () => Promise<T>,
): Promise<T> {
  const found = await place.read(LEASE);
  const lease = found === null ? null : readLease(found);
  if (lease !== null && lease.owner !== owner && Math.abs(clock() - lease.at) < GONE) {
    throw new Problem({
      code: 'copy-in-use',
      message: 'Another computer is writing to this copy now.',
      attempted: `Write to ${place.label}`,
      answered: `since ${new Date(lease.at).toISOString()}`,
      todo: 'Try again when it has finished; give each computer a copy of its own.',
    });
  }
  const say = () => place.write(LEASE, Buffer.from(JSON.stringify({ owner, at: clock() })));
  await say();
  const timer = setInterval(() => void say().catch(() => {}), RENEW);
  timer.unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await place.remove(LEASE).catch(() => {});
  }
}

function readLease(bytes: Buffer): z.infer<typeof Lease> | null {
  try {
    return readJson(Lease, bytes.toString('utf8'));
  } catch {
    return null;
  }
}
