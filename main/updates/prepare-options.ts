import type { Hands } from './hands.ts';
import type { PrepareOptions } from './part.ts';
import type { UpdateServices } from './services.ts';

/** What preparing needs to know of a site, however that is reached. */
export async function knownOf(
  { records }: Pick<UpdateServices, 'records'>,
  hands: Hands,
  wish: Pick<PrepareOptions, 'choices' | 'runId' | 'progress'>,
): Promise<Omit<PrepareOptions, 'privateFolder' | 'dumpBytes' | 'look'>> {
  const { site, platform, signal, scripts } = hands;
  return {
    ...wish,
    ...{ site, platform, signal, fileScripts: scripts.files },
    reading: await hands.reading(),
    waiting: await records.updates(site.id),
  };
}
