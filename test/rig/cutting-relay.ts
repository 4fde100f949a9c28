import { once } from 'node:events';
import net from 'node:net';

/** How a way ends: with a reset, with an end that looks proper, or by handing on nothing any more, for ever. */
export type CutKind = 'reset' | 'end' | 'stall';

/** Where what is said through a way is cut: after so many bytes to (`up`) or from (`down`) the server, counted since it was told. */
export interface Cut {
  readonly kind: CutKind;
  readonly direction: 'up' | 'down';
  readonly after: number;
}

/** A way to a server of this machine that is cut at a byte. */
export interface CuttingWay extends AsyncDisposable {
  /** Stands for the server's own, on 127.0.0.1. */
  readonly port: number;
  /** Counts from here on, and cuts once; connections that come later are whole. null: nothing is cut. */
  will(cut: Cut | null): void;
  /** What has been handed on since. */
  said(): { readonly up: number; readonly down: number; readonly cut: boolean };
}

/** Puts a way before a server that can be cut after any byte. */
export async function aCuttingWay(to: number): Promise<CuttingWay> {
  let plan: Cut | null = null;
  let cut = false;
  const said = { up: 0, down: 0 };
  const sockets = new Set<net.Socket>();

  const carry = (direction: 'up' | 'down', from: net.Socket, on: net.Socket) => {
    sockets.add(from);
    from.on('data', (bytes: Buffer) => {
      const left =
        plan !== null && !cut && plan.direction === direction ? plan.after - said[direction] : Infinity;
      const part = bytes.subarray(0, Math.min(left, bytes.length));
      said[direction] += part.length;
      if (part.length > 0 && !on.write(part)) {
        from.pause();
        on.once('drain', () => from.resume());
      }
      if (part.length < bytes.length) end(from, on);
    });
    from.on('end', () => on.end());
    from.on('error', () => on.destroy());
    from.on('close', () => sockets.delete(from));
  };
  const end = (from: net.Socket, on: net.Socket) => {
    cut = true;
    for (const socket of [from, on]) {
      socket.removeAllListeners('data').removeAllListeners('end');
      if (plan?.kind === 'reset') socket.resetAndDestroy();
      // What was written before it still goes out.
      else if (plan?.kind === 'end') socket.end().resume();
      else socket.pause();
    }
  };

  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = net.connect({ host: '127.0.0.1', port: to, noDelay: true, allowHalfOpen: true });
    carry('up', near, far);
    carry('down', far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the relay does not listen');
  return {
    port: address.port,
    will(next) {
      plan = next;
      cut = false;
      said.up = said.down = 0;
    },
    said: () => ({ ...said, cut }),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
