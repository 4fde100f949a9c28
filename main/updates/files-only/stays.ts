import { Problem } from '../../words/index.ts';
import { isPrivateWay } from './ask-http.ts';

/** What is said where a file of ours cannot be removed again: then none is put there. */
export function runnerStays(which: readonly string[]): Problem {
  return new Problem({
    code: 'runner-stays',
    message: 'A file of ours cannot be removed again on this server.',
    attempted: 'Remove our own file again',
    answered: which.join('; '),
    todo: 'Remove it by the host’s file manager, and ask the host to let this account remove files.',
  });
}

/** @throws Problem `runner-insecure` */
export function refuseInsecure(url: URL): void {
  if (isPrivateWay(url)) return;
  throw new Problem({
    code: 'runner-insecure',
    message: 'The site is not reached over HTTPS, so nothing secret can be asked of its PHP.',
    attempted: `Ask PHP at ${url.origin}`,
    todo: 'Have the host give the site a certificate (Let’s Encrypt costs nothing), and change its address to https.',
  });
}
