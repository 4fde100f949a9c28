/** A site's address as people say it: without the protocol, `www.` and the last slash. */
export function addressOf(url: string): string {
  return url.replace(/^https?:\/\/(www\.)?/, '').replace(/\/$/, '');
}
