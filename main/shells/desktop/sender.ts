/** The scheme and host that the renderer is served from inside the desktop app. */
export const OWN_SCHEME = 'app';
export const OWN_URL = `${OWN_SCHEME}://groundskeeper/`;

/** The part of Electron's `WebFrameMain` that tells who sends. */
export type SenderFrame = { readonly url: string; readonly parent: unknown };

/**
 * Whether a message comes from our own page in the window's main frame. A frame inside it, a page that was
 * navigated to, and a frame that is gone already are strangers.
 * @param devUrl where the renderer is served from while it is being developed.
 */
export function isOurs(frame: SenderFrame | null, devUrl: string | null = null): boolean {
  if (frame === null || frame.parent !== null) return false;
  return [OWN_URL, devUrl].some((own) => own !== null && sameSite(frame.url, own));
}

function sameSite(a: string, b: string): boolean {
  if (!URL.canParse(a) || !URL.canParse(b)) return false;
  const [one, other] = [new URL(a), new URL(b)];
  return one.protocol === other.protocol && one.host === other.host;
}
