import crypto from 'node:crypto';
import type http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from './wordpress-org.ts';
import { zipOf } from './zip.ts';

/**
 * How a vendor's server can be wrong.
 * - `html`: 200 and a web page. - `empty`: 200 and nothing. - `silent`: accepts and never answers.
 * - `drops`: closes the connection before answering. - `error`: 500. - `busy`: 429 with Retry-After.
 * - `gone`: 404. - `garbage`: 200 and half a JSON. - `slow`: the right answer after two seconds.
 * - `truncated`: promises the whole body and closes half-way. - `short`: half the body as if it were all.
 * - `tampered`: a good zip with one byte of content changed in it, or checksums that fit no file. - `other`: a good zip of something else.
 */
export type Fault =
  | 'html'
  | 'empty'
  | 'silent'
  | 'drops'
  | 'error'
  | 'busy'
  | 'gone'
  | 'garbage'
  | 'slow'
  | 'truncated'
  | 'short'
  | 'tampered'
  | 'other';

const PAGE =
  '<!doctype html><html><head><title>Sign in to the hotel Wi-Fi</title></head><body>Welcome</body></html>';

/** Sends a good answer (null is a 404), or what the fault makes of it. */
export async function answerWith(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  good: Answer | null,
  fault?: Fault,
): Promise<void> {
  switch (fault) {
    case 'html':
      return send(response, 200, 'text/html; charset=UTF-8', PAGE);
    case 'empty':
      return send(response, 200, good?.type ?? 'application/json', '');
    case 'silent':
      return;
    case 'drops':
      request.socket.destroy();
      return;
    case 'error':
      return send(response, 500, 'text/html; charset=UTF-8', '<h1>Internal Server Error</h1>');
    case 'busy':
      response.setHeader('Retry-After', '120');
      return send(response, 429, 'text/plain', 'Too many requests');
    case 'gone':
      return send(response, 404, 'text/html; charset=UTF-8', '<h1>Not Found</h1>');
    case 'garbage':
      return send(response, 200, 'application/json', '{"offers":[{"response":');
    case 'slow':
      await pause(2_000);
      break;
    case 'truncated':
      if (good === null) break;
      response.writeHead(200, { 'Content-Type': good.type, 'Content-Length': good.body.length });
      response.write(good.body.subarray(0, good.body.length / 2), () => request.socket.destroy());
      return;
    case 'short':
      if (good === null) break;
      return send(response, 200, good.type, good.body.subarray(0, good.body.length / 2));
    case 'tampered':
      if (good === null) break;
      return send(
        response,
        200,
        good.type,
        good.type === 'application/zip' ? tamperedZip(good.body) : otherHashes(good.body),
      );
    case 'other': {
      const other = await zipOf(
        new Map([['another-plugin/another-plugin.php', '<?php\n/* Plugin Name: Another\nVersion: 1.0 */\n']]),
      );
      return send(response, 200, 'application/zip', other);
    }
    case undefined:
      break;
  }
  if (good === null) return send(response, 404, 'text/html; charset=UTF-8', '<h1>Not Found</h1>');
  const etag = `"${crypto.createHash('md5').update(good.body).digest('hex')}"`;
  response.setHeader('ETag', etag);
  if (good.type === 'application/zip') response.setHeader('Last-Modified', 'Mon, 01 Jan 2024 00:00:00 GMT');
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  send(response, 200, good.type, good.body);
}

function send(response: http.ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }).end(body);
}

/** Changes a byte in the first entry's data, so that its CRC no longer fits. */
function tamperedZip(zip: Buffer): Buffer {
  const changed = Buffer.from(zip);
  const dataAt = 30 + zip.readUInt16LE(26) + zip.readUInt16LE(28);
  changed[dataAt + 12] = (changed[dataAt + 12] ?? 0) ^ 0xff;
  return changed;
}

/** Checksums that fit no file. */
function otherHashes(json: Buffer | string): string {
  return json.toString().replaceAll(/"[0-9a-f]{32,64}"/g, (hash) => `"${'0'.repeat(hash.length - 2)}"`);
}
