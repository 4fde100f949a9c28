/** Names of runners, which lie in a web root while PHP there is asked, and of what counts their requests. */
const RUNNER = /^groundskeeper-[0-9a-f]{32}\.php$/;
const COUNT = /^\.groundskeeper-[0-9a-f]{32}\.count$/;

/**
 * Whether a file in a web root is ours, and no part of the site: it is neither backed up nor restored.
 * @param path relative to the root
 */
export function isOwnFile(path: string): boolean {
  return RUNNER.test(path) || COUNT.test(path);
}
