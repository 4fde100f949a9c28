import { RPCLink } from '@orpc/client/message-port';
import { PresenceBoard, type Transport } from './transport.ts';

/** The app over the one message port that the preload hands in. */
export function messagePortTransport(): Transport {
  const board = new PresenceBoard();
  const port = new Promise<RPCLink<Record<never, never>>>((resolve) => {
    window.addEventListener('message', (event: MessageEvent<unknown>) => {
      const [handed] = event.ports;
      if (event.source !== window || event.data !== 'groundskeeper:port' || handed === undefined) return;
      resolve(new RPCLink<Record<never, never>>({ port: handed }));
      handed.start();
      board.set('open');
    });
  });
  return {
    watch: (listener) => board.watch(listener),
    link: { call: async (path, input, options) => (await port).call(path, input, options) },
  };
}
