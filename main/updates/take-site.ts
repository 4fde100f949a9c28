import type { Hands } from './hands.ts';
import type { SiteLock } from './site-lock.ts';

/**
 * Takes the site for a run. A cancel is heeded only by what comes next: a command that is cancelled, or whose
 * connection breaks, goes on at the server, and the site would be held by a run that does not know of it.
 * @throws Problem `site-locked`, or that of a site which stays out of reach
 */
export async function takeSite(hands: Hands, lock: SiteLock): Promise<void> {
  const patient = hands.patient();
  await patient.on((connection) => lock.take(connection, patient.signal));
}
