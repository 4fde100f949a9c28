import type { Router } from '@orpc/server';
import { RPCHandler } from '@orpc/server/message-port';
import { type Contract, answerInProblems } from '../../api/index.ts';
import { type SenderFrame, isOurs } from './sender.ts';

/** What the preload sends its port on; the same word is in preload/preload.ts. */
export const PORT_CHANNEL = 'groundskeeper:port';

/** The parts of Electron's `MessagePortMain`, `IpcMainEvent` and `IpcMain` that are used. */
type Port = {
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
};
type PortEvent = { readonly senderFrame: SenderFrame | null; readonly ports: readonly Port[] };
type Ipc = { on(channel: string, listener: (event: PortEvent) => void): unknown };

/** Serves the API on the one port that our own page hands over; anybody else's is closed unanswered. */
export function serveApi(
  ipc: Ipc,
  router: Router<Contract, Record<never, never>>,
  devUrl: string | null,
): void {
  const handler = new RPCHandler(router, { clientInterceptors: [answerInProblems] });
  ipc.on(PORT_CHANNEL, (event) => {
    const [port, ...more] = event.ports;
    for (const extra of more) extra.close();
    if (port === undefined) return;
    if (!isOurs(event.senderFrame, devUrl)) return port.close();
    handler.upgrade(asOrpcPort(port), { context: {} });
    port.start();
  });
}

/** oRPC's own name for the port of Electron's main process. */
function asOrpcPort(port: Port) {
  return {
    on(event: string, listener: (event?: { data: unknown }) => void) {
      if (event === 'message') port.on('message', listener);
      else if (event === 'close') port.on('close', () => listener());
    },
    postMessage: (message: unknown) => port.postMessage(message),
  };
}
