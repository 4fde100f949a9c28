import http from 'node:http';
import tls from 'node:tls';
import type { Duplex } from 'node:stream';
import zlib from 'node:zlib';
import { wordsOf } from '../../words/index.ts';
import type { WayKind } from './page.ts';

/** A way on which a web server is reached. */
export interface Way {
  readonly kind: WayKind;
  /**
   * Opens a stream to the server behind an address.
   * @returns `plain`: what is asked for by https is answered there without TLS
   */
  open(url: URL, signal: AbortSignal): Promise<{ stream: Duplex; plain: boolean }>;
}

/** One answer, redirects not followed. */
export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly millis: number;
  readonly certificate: string | null;
}

const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Asks for one address. A certificate that is not valid is said, not refused: a site that has had a broken one can be judged all the same.
 * @throws what the network says, or the signal's reason
 */
export async function ask(
  url: URL,
  options: {
    readonly way: Way;
    readonly headers: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
    readonly mostBytes?: number;
  },
): Promise<Answer> {
  const { way, signal } = options;
  const { stream, plain } = await way.open(url, signal);
  // Whoever hangs up later tells nobody any more.
  stream.on('error', () => {});
  let certificate: string | null = null;
  let socket = stream;
  try {
    if (url.protocol === 'https:' && !plain) {
      const secured = await secure(stream, url.hostname, signal);
      certificate = secured.certificate;
      socket = secured.socket;
    }
    const started = performance.now();
    const response = await respond(socket, url, plain, options);
    const body = await readSome(response, options.mostBytes ?? MAX_BYTES, signal);
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body,
      millis: Math.round(performance.now() - started),
      certificate,
    };
  } finally {
    socket.destroy();
    stream.destroy();
  }
}

function secure(
  stream: Duplex,
  host: string,
  signal: AbortSignal,
): Promise<{ socket: tls.TLSSocket; certificate: string | null }> {
  const name = host.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      socket: stream,
      host: name,
      ...(/^[\d.]+$|:/.test(name) ? {} : { servername: name }),
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: false,
    });
    const stop = () => socket.destroy(new Error(wordsOf(signal.reason)));
    signal.addEventListener('abort', stop, { once: true });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('The connection was closed before it was secured')));
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', stop);
      const error: unknown = socket.authorizationError;
      resolve({ socket, certificate: socket.authorized ? null : certificateWords(error) });
    });
  });
}

function certificateWords(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : error;
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return 'has expired';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return 'is self-signed';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'is for another name';
    case 'CERT_NOT_YET_VALID':
      return 'is not valid yet';
    default:
      return `is not trusted (${wordsOf(code)})`;
  }
}

function respond(
  socket: Duplex,
  url: URL,
  plain: boolean,
  { headers, signal }: { headers: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = http.request({
      createConnection: () => socket,
      path: `${url.pathname}${url.search}`,
      signal,
      headers: {
        host: url.host,
        connection: 'close',
        'accept-encoding': 'gzip, br',
        ...headers,
        ...(plain ? { 'x-forwarded-proto': 'https' } : {}),
      },
    });
    request.once('error', reject);
    request.once('response', resolve);
    request.end();
  });
}

async function readSome(response: http.IncomingMessage, most: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const from = decoded(response);
  for await (const chunk of from) {
    signal.throwIfAborted();
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    size += chunk.length;
    if (size > most) break;
  }
  if (size <= most && !response.complete) throw new Error('The answer was cut off');
  return Buffer.concat(chunks);
}

function decoded(response: http.IncomingMessage): AsyncIterable<unknown> {
  const packed = response.headers['content-encoding']?.trim().toLowerCase();
  const unpack =
    packed === 'gzip' || packed === 'x-gzip'
      ? zlib.createGunzip()
      : packed === 'br'
        ? zlib.createBrotliDecompress()
        : packed === 'deflate'
          ? zlib.createInflate()
          : null;
  if (unpack === null) return response;
  response.once('error', (error) => unpack.destroy(error));
  response.once('aborted', () => unpack.destroy(new Error('The answer was cut off')));
  return response.pipe(unpack);
}
