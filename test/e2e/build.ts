import { ensureBuilt } from '../setup/built.ts';

/** The renderer as it would be shipped, before any test opens it. */
export default function build(): void {
  ensureBuilt();
}
