import { once } from 'node:events';
import net from 'node:net';

/** A way to a server of this machine, for any protocol, that can be cut or made silent, and mended. */
export interface SwitchedWay extends AsyncDisposable {
  /** Stands for the server's own, on 127.0.0.1. */
  readonly port: number;
  /** Resets every connection, and each that comes. */
  cut(): void;
  /** Hands on nothing, in neither direction; connections stay, and new ones are taken and left waiting. */
  stall(): void;
  /** All is well again; what waited in a connection goes on. */
  mend(): void;
}

/** Puts a way before a server. */
export async function aSwitchedWay(to: number): Promise<SwitchedWay> {
  let state: 'open' | 'cut' | 'stalled' = 'open';
  const sockets = new Set<net.Socket>();
  const carry = (from: net.Socket, on: net.Socket) => {
    sockets.add(from);
    if (state === 'stalled') from.pause();
    from.on('data', (bytes: Buffer) => {
      if (!on.write(bytes)) {
        from.pause();
        on.once('drain', () => {
          if (state !== 'stalled') from.resume();
        });
      }
    });
    from.on('end', () => on.end());
    from.on('error', () => on.destroy());
    from.on('close', () => sockets.delete(from));
    if (state === 'stalled') from.pause();
  };
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    near.on('error', () => {});
    if (state === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const far = net.connect({ host: '127.0.0.1', port: to, noDelay: true, allowHalfOpen: true });
    carry(near, far);
    carry(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the way does not listen');
  return {
    port: address.port,
    cut() {
      state = 'cut';
      for (const socket of sockets) socket.resetAndDestroy();
    },
    stall() {
      state = 'stalled';
      for (const socket of sockets) socket.pause();
    },
    mend() {
      state = 'open';
      for (const socket of sockets) socket.resume();
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
