import type { Reading } from '../../platforms/index.ts';
import type { Hands } from '../hands.ts';

/** The same hands, which know what the site’s own PHP said of it: SFTP alone tells less. */
export function withReading(hands: Hands, reading: Reading): Hands {
  return {
    ...hands,
    reading: async () => reading,
    patient: () => withReading(hands.patient(), reading),
    until: (signal) => withReading(hands.until(signal), reading),
  };
}
