/**
 * Makes a long way of a short one: `far-relay.ts PORT MILLIS` prints the port that it listens on and ends with its stdin.
 *
 * Each byte is handed on MILLIS after it came, in order. Bandwidth is not limited but by what may be on its way, which is what a long fat TCP
 * connection has in its windows: more than that and the sender is not read from.
 */
import net from 'node:net';

/** Bytes on their way in one direction: at 25 ms, 160 MB/s. */
const ON_THE_WAY = 4 * 1024 * 1024;

const [, , port = '', millis = ''] = process.argv;

function delay(from: net.Socket, to: net.Socket): void {
  const waiting: { readonly due: number; readonly bytes: Buffer | null }[] = [];
  let size = 0;
  let timer: NodeJS.Timeout | null = null;
  const hold = (bytes: Buffer | null) => {
    waiting.push({ due: performance.now() + Number(millis), bytes });
    size += bytes?.length ?? 0;
    if (size >= ON_THE_WAY) from.pause();
    timer ??= setTimeout(handOn, Number(millis));
  };
  const handOn = () => {
    timer = null;
    const now = performance.now();
    for (let first = waiting[0]; first !== undefined && first.due <= now; first = waiting[0]) {
      if (to.writableLength >= ON_THE_WAY) {
        to.once('drain', handOn);
        return;
      }
      waiting.shift();
      size -= first.bytes?.length ?? 0;
      if (first.bytes === null) to.end();
      else to.write(first.bytes);
    }
    if (size < ON_THE_WAY) from.resume();
    const next = waiting[0];
    if (next !== undefined) timer ??= setTimeout(handOn, Math.max(1, Math.ceil(next.due - now)));
  };
  from.on('data', hold);
  from.on('end', () => hold(null));
  from.on('error', () => to.destroy());
  from.on('close', () => {
    if (from.errored) to.destroy();
  });
}

const relay = net.createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = net.connect({ host: '127.0.0.1', port: Number(port), allowHalfOpen: true, noDelay: true });
  delay(near, far);
  delay(far, near);
});
relay.listen(0, '127.0.0.1', () => {
  const address = relay.address();
  if (typeof address === 'object' && address !== null) console.log(address.port);
});
process.stdin.on('end', () => process.exit()).resume();
