import http from 'node:http';
import https from 'node:https';

/** An answer over HTTP, redirects not followed. */
export interface HttpAnswer {
  readonly status: number;
  readonly location: string | null;
  readonly body: Buffer;
}

export interface HttpAsk {
  /** null: nothing is sent, and it is a GET. */
  readonly body: string | null;
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly timeLimit: number;
  readonly mostBytes: number;
}

/** Asks by HTTP; over TLS only with a certificate that is valid. @throws what the network says, or the signal's reason */
export function askHttp(url: URL, { body, signal, timeLimit, mostBytes }: HttpAsk): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeLimit)]);
  const failed = (error: unknown) => {
    if (signal.aborted) reject(signal.reason);
    else reject(limited.aborted ? new Error('no answer in time') : error);
  };
  const request = (url.protocol === 'https:' ? https : http).request(
    url,
    {
      method: body === null ? 'GET' : 'POST',
      signal: limited,
      agent: false,
      headers: {
        'user-agent': 'Groundskeeper/0.1',
        'accept-encoding': 'identity',
        'cache-control': 'no-cache',
        ...(body === null ? {} : { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(body) }),
      },
    },
    (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > mostBytes) request.destroy(new Error(`more than ${mostBytes} bytes were answered`));
        chunks.push(chunk);
      });
      response.on('error', failed);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location ?? null,
          body: Buffer.concat(chunks),
        }),
      );
    },
  );
  request.on('error', failed);
  request.end(body ?? undefined);
  return promise;
}

/** Whether what is sent there is nobody else's to read: TLS, or this computer itself. */
export function isPrivateWay({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true;
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
