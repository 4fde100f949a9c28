import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { once } from 'node:events';
import path from 'node:path';
import { runCommand } from './commands.ts';
import { aTempFolder } from './folders.ts';
import { startPhp } from './php.ts';
import { aFreePort } from './ports.ts';
import type { SshHost } from './sshd.ts';

/** A small shop in PHP that can be made to answer anything, on a host that one can log in to. */
export interface LyingSite extends AsyncDisposable {
  readonly root: string;
  readonly port: number;
  readonly errorLog: string;
  /** From now on the shop runs this before it shows its page; `$path` is what was asked for. */
  lie(php: string): void;
}

const SHOP = `<?php
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (is_file(__DIR__ . '/lie.php')) { include __DIR__ . '/lie.php'; }
$bread = [];
foreach (['rye', 'wheat', 'spelt', 'barley', 'oat', 'maize', 'potato', 'walnut', 'olive', 'onion', 'carrot', 'sesame'] as $kind) {
  $bread[] = "<li><h3>$kind loaf</h3><p>Baked with $kind from the {$kind}mill, kept in a {$kind}basket for one night.</p></li>";
}
?><!doctype html><html><head><title>Hollyhock Bakery</title><link rel="stylesheet" href="/style.css"></head><body>
<header><h1>Hollyhock Bakery</h1><nav>Home Shop Opening Contact Imprint Privacy Delivery Jobs Press Recipes Courses Vouchers</nav></header>
<main><h2>Our breads</h2><ul><?= implode('', $bread) ?></ul></main>
<footer>Mill Lane Oldtown, open every day but Sunday; telephone, letters and visitors welcome<p><?php for ($n = 0; $n < 250; $n++) { echo 'small', chr(97 + $n % 26), chr(97 + intdiv($n, 26)), ' '; } ?></p></footer></body></html>`;

const CSS = `body{margin:0;font:18px/1.6 serif;background:#fdf6e3;color:#402010}header{background:#7a4a21;color:#fff;padding:30px 60px}
ul{display:grid;grid-template-columns:repeat(3,1fr);gap:24px;list-style:none;padding:0 60px}li{background:#fff;padding:20px;border-radius:12px}
h2{padding:0 60px}footer{background:#402010;color:#fff;padding:30px 60px}`;

/** Serves the shop; OPcache off, so that a lie is told at once. */
export async function aLyingSite(on: SshHost, port?: number): Promise<LyingSite> {
  const home = fs.mkdtempSync(path.join(on.folder, 'shop-'));
  fs.chmodSync(home, 0o755);
  const root = path.join(home, 'public_html');
  fs.mkdirSync(root);
  fs.writeFileSync(path.join(root, 'index.php'), SHOP);
  fs.writeFileSync(path.join(root, 'style.css'), CSS);
  const errorLog = path.join(home, 'error_log');
  fs.writeFileSync(errorLog, '');
  fs.chmodSync(errorLog, 0o666);
  const server = await startPhp({ root, errorLog, opcache: false, ...(port === undefined ? {} : { port }) });
  return {
    root,
    port: server.port,
    errorLog,
    lie: (php) => fs.writeFileSync(path.join(root, 'lie.php'), `<?php ${php}`),
    async [Symbol.asyncDispose]() {
      await server.stop();
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
}

/** A proxy before a site, at another address of this computer and the same port. */
export interface Front extends AsyncDisposable {
  readonly url: string;
  /** Shows another certificate from the next connection on. */
  show(certificate: Certificate): void;
}

/**
 * Stands in front of a site at 127.0.0.2.
 * @param caches keeps the first answer to each path, whatever its query, and says so, or says nothing
 */
export async function aFront(
  port: number,
  options: { readonly caches?: 'openly' | 'secretly'; readonly certificate?: Certificate } = {},
): Promise<Front> {
  const kept = new Map<string, { status: number; headers: http.IncomingHttpHeaders; body: Buffer }>();
  const answer = (request: http.IncomingMessage, response: http.ServerResponse) => {
    const { pathname } = new URL(request.url ?? '/', 'http://front');
    const old = kept.get(pathname);
    if (old !== undefined) {
      const said = options.caches === 'openly' ? { 'x-cache': 'HIT' } : {};
      response.writeHead(old.status, { ...old.headers, ...said }).end(old.body);
      return;
    }
    http.get({ host: '127.0.0.1', port, path: request.url, headers: request.headers }, (answered) => {
      const chunks: Buffer[] = [];
      answered.on('data', (chunk: Buffer) => chunks.push(chunk));
      answered.on('end', () => {
        const { connection: _connection, 'transfer-encoding': _encoding, ...headers } = answered.headers;
        const body = Buffer.concat(chunks);
        const status = answered.statusCode ?? 502;
        if (options.caches !== undefined) kept.set(pathname, { status, headers, body });
        response.writeHead(status, headers).end(body);
      });
    });
  };
  const { certificate } = options;
  const server =
    certificate === undefined ? http.createServer(answer) : https.createServer(certificate, answer);
  const at = certificate === undefined ? port : await aFreePort();
  server.listen(at, certificate === undefined ? '127.0.0.2' : '127.0.0.1');
  await once(server, 'listening');
  return {
    url: certificate === undefined ? `http://127.0.0.2:${at}` : `https://127.0.0.1:${at}`,
    show(other) {
      if (server instanceof https.Server) server.setSecureContext(other);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** An authority of our own, with certificates for 127.0.0.1 that it signed, that have expired, and that nobody signed. */
export function certificates(): {
  authority: string;
  valid: Certificate;
  expired: Certificate;
  selfSigned: Certificate;
} {
  const temp = aTempFolder('certificates');
  const at = (name: string) => path.join(temp.path, name);
  const openssl = (...args: readonly string[]) => runCommand('openssl', args);
  const read = (key: string, cert: string) => ({
    key: fs.readFileSync(at(key), 'utf8'),
    cert: fs.readFileSync(at(cert), 'utf8'),
  });
  const fresh = ['-newkey', 'rsa:2048', '-nodes'];
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  openssl(
    'req',
    '-x509',
    ...fresh,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-subj',
    '/CN=Test authority',
    '-days',
    '2',
  );
  openssl('req', ...fresh, '-keyout', at('site.key'), '-out', at('site.csr'), ...name);
  const sign = (out: string, days: string) =>
    openssl(
      ...[
        'x509',
        '-req',
        '-in',
        at('site.csr'),
        '-CA',
        at('ca.pem'),
        '-CAkey',
        at('ca.key'),
        '-CAcreateserial',
      ],
      ...['-copy_extensions', 'copy', '-days', days, '-out', at(out)],
    );
  sign('valid.pem', '2');
  sign('expired.pem', '-1');
  openssl('req', '-x509', ...fresh, '-keyout', at('self.key'), '-out', at('self.pem'), ...name, '-days', '2');
  const made = {
    authority: fs.readFileSync(at('ca.pem'), 'utf8'),
    valid: read('site.key', 'valid.pem'),
    expired: read('site.key', 'expired.pem'),
    selfSigned: read('self.key', 'self.pem'),
  };
  temp.remove();
  return made;
}
