import { messagePortTransport } from './message-port.ts';
import { PresenceBoard, type Transport } from './transport.ts';
import { webSocketTransport } from './web-socket.ts';

const KEY = 'groundskeeper.session';
const LINK = /^#link=([\w-]+)$/;

/** The transport that fits where this window is. */
export async function connect(): Promise<Transport> {
  if (location.protocol === 'app:') return messagePortTransport();
  const session = await openSession();
  if (session === null) return refused();
  openPastedLinks();
  return webSocketTransport(session);
}

/** The session of this tab: from the link in the address, or as it was before a reload. */
async function openSession(): Promise<string | null> {
  const link = LINK.exec(location.hash)?.[1];
  if (link === undefined) return sessionStorage.getItem(KEY);
  history.replaceState(null, '', location.pathname);
  const answer = await fetch('/session', { method: 'POST', headers: { 'X-Groundskeeper-Link': link } });
  if (!answer.ok) return sessionStorage.getItem(KEY);
  const { session } = (await answer.json()) as { session: string };
  sessionStorage.setItem(KEY, session);
  return session;
}

/** A link that is pasted into the address bar of a window that is open already changes only the fragment. */
function openPastedLinks(): void {
  window.addEventListener('hashchange', () => {
    if (LINK.test(location.hash)) location.reload();
  });
}

function refused(): Transport {
  const board = new PresenceBoard();
  board.set('refused');
  openPastedLinks();
  return {
    watch: (listener) => board.watch(listener),
    link: { call: () => Promise.reject(new Error('This window has no session.')) },
  };
}
