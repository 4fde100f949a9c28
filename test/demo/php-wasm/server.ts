/**
 * Serves one folder with PHP in WebAssembly, as `php -S` would.
 * Usage: node server.ts ROOT PORT ERROR_LOG
 */
import http from 'node:http';
import { buffer } from 'node:stream/consumers';
import { PHPRequestHandler, setPhpIniEntries } from '@php-wasm/universal';
import { loadPhp } from './runtime.ts';

const [root = '.', port = '0', errorLog = ''] = process.argv.slice(2);
const settings = {
  error_log: errorLog,
  log_errors: '1',
  display_errors: '0',
  memory_limit: '256M',
  html_errors: '0',
};

function startPhp(): PHPRequestHandler {
  return new PHPRequestHandler({
    documentRoot: root,
    absoluteUrl: `http://127.0.0.1:${port}`,
    cookieStore: false,
    maxPhpInstances: 1,
    getFileNotFoundAction: () => ({ type: 'internal-redirect', uri: '/index.php' }),
    async phpFactory() {
      const php = await loadPhp();
      await setPhpIniEntries(php, settings);
      return php;
    },
  });
}

let handler = startPhp();

/** A PHP that has died may be in any state: the next request gets a new one. */
async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const body = await buffer(request);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  try {
    const page = await handler.request({
      url: request.url ?? '/',
      method: request.method ?? 'GET',
      headers,
      body,
    });
    if (page.httpStatusCode >= 500) handler = startPhp();
    response.writeHead(page.httpStatusCode, page.headers);
    response.end(page.bytes);
  } catch (error) {
    handler = startPhp();
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }
}

const server = http.createServer((request, response) => void answer(request, response));
server.listen(Number(port), '127.0.0.1');
