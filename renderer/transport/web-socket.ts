import { ORPCError } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import { PresenceBoard, type Transport } from './transport.ts';

/** Waits between attempts, in milliseconds; the last one repeats. */
const WAITS = [200, 500, 1000, 2000, 4000];
/** How long a call waits for the app to come back. */
const PATIENCE = 8000;

/** The app over a WebSocket, which comes back by itself. */
export function webSocketTransport(session: string): Transport {
  const board = new PresenceBoard();
  const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api`;
  let current: RPCLink<Record<never, never>> | null = null;
  let failures = 0;

  function open(): void {
    const socket = new WebSocket(url, ['groundskeeper', `session.${session}`]);
    const link = new RPCLink<Record<never, never>>({ websocket: socket });
    socket.addEventListener('open', () => {
      failures = 0;
      current = link;
      board.set('open');
    });
    socket.addEventListener('close', () => {
      current = null;
      void afterClose();
    });
  }

  async function afterClose(): Promise<void> {
    if (!(await sessionHolds(session))) return board.set('refused');
    board.set('away');
    const wait = WAITS[Math.min(failures, WAITS.length - 1)] ?? 4000;
    failures += 1;
    setTimeout(open, wait);
  }

  function whenOpen(): Promise<RPCLink<Record<never, never>>> {
    if (current !== null) return Promise.resolve(current);
    return new Promise((resolve, reject) => {
      const giveUp = setTimeout(() => settle(() => reject(away())), PATIENCE);
      const end = board.watch((presence) => {
        if (presence === 'open' && current !== null) settle(() => current !== null && resolve(current));
        if (presence === 'refused') settle(() => reject(away()));
      });
      function settle(how: () => void): void {
        clearTimeout(giveUp);
        queueMicrotask(() => end());
        how();
      }
    });
  }

  open();
  return {
    watch: (listener) => board.watch(listener),
    link: { call: async (path, input, options) => (await whenOpen()).call(path, input, options) },
  };
}

/** Whether the app still knows this window. An app that can't be reached may: the next attempt will tell. */
async function sessionHolds(session: string): Promise<boolean> {
  try {
    const answer = await fetch('/session', {
      headers: { 'X-Groundskeeper-Session': session },
      cache: 'no-store',
    });
    return answer.status !== 401;
  } catch {
    return true;
  }
}

function away(): ORPCError<'PROBLEM', unknown> {
  return new ORPCError('PROBLEM', {
    data: {
      code: 'app-away',
      message: 'Groundskeeper does not answer.',
      attempted: 'Ask the app',
      answered: '',
      todo: 'See whether it still runs.',
    },
  });
}
