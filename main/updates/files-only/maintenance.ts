import { createHash, randomBytes } from 'node:crypto';
import type { RemoteFiles } from '../../connections/index.ts';
import type { LoadedRecipe } from '../../platforms/index.ts';
import { joinRemote, Problem, wordsOf, type RemotePath } from '../../words/index.ts';
import type { Hands } from '../hands.ts';
import { putFile, readStart, withFiles } from './over-sftp.ts';

/** The page is renewed this often; WordPress ignores one that is older than ten minutes. */
const RENEW = 4 * 60_000;
const FLAG = '.maintenance';
const SAYS = '.maintenance.gk';

/** The file that the recipe's script writes: it stands there between two lines. @throws Problem `recipe-invalid` */
export function maintenanceFile(recipe: LoadedRecipe): string {
  const name = recipe.steps.offline?.sh;
  const script = name === undefined ? '' : recipe.script(name);
  const found = /<<'PHP'[^\n]*\n([\s\S]*?\n)PHP\n/.exec(script)?.[1];
  if (found !== undefined) return found;
  throw new Problem({
    code: 'recipe-invalid',
    message: `The recipe of ${recipe.name} knows no maintenance page that can be put up over SFTP.`,
    todo: "Its script `offline` has to write it as a text between `<<'PHP'` and `PHP`.",
  });
}

export function isOurMaintenance(content: Buffer): boolean {
  return content.includes('Groundskeeper');
}

/**
 * Puts up the maintenance page for visitors.
 * @param now seconds by the server's clock; `always`: it stays until it is taken away
 */
async function close(hands: Hands, digest: string, now: number | 'always'): Promise<void> {
  const { root } = hands.site;
  const text = maintenanceFile(hands.platform.recipe);
  await withFiles(hands, async (files) => {
    await putFile(files, joinRemote(root, SAYS), `${digest} ${now}\n`, 0o644, hands.signal);
    const there = await readStart(files, joinRemote(root, FLAG), 4096);
    // The same always: PHP may never look at it again.
    if (there?.toString('utf8') !== text)
      await putFile(files, joinRemote(root, FLAG), text, 0o644, hands.signal);
  });
}

/** Puts up the maintenance page and renews it. @returns ends that */
export async function keepOffline(
  hands: Hands,
  digest: string,
  now: () => number | 'always',
  trouble: (words: string) => void,
): Promise<() => void> {
  await close(hands, digest, now());
  let over = false;
  let renewing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    renewing = close(hands, digest, now()).catch((error: unknown) => {
      if (!over) trouble(`The maintenance page could not be renewed: ${wordsOf(error)}`);
    });
  }, RENEW);
  return () => {
    over = true;
    clearInterval(timer);
    void renewing;
  };
}

/** The digest of a secret that nobody knows: then nobody passes the page. */
export function anyDigest(): string {
  return createHash('sha256').update(randomBytes(24)).digest('hex');
}

/** Takes our maintenance page away; another updater's stays. */
export async function goOnline(hands: Hands): Promise<void> {
  await withFiles(hands, (files) => takeAway(files, hands.site.root));
}

async function takeAway(files: RemoteFiles, root: RemotePath): Promise<void> {
  const flag = joinRemote(root, FLAG);
  const there = await readStart(files, flag, 4096);
  if (there !== null && isOurMaintenance(there)) await files.remove(flag);
  for (const name of [`${FLAG}.gk-new`, `${SAYS}.gk-new`, SAYS]) await files.remove(joinRemote(root, name));
}
