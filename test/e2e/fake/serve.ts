/** The sample fleet in a browser: `node test/e2e/fake/serve.ts [--sites 12] [--port 4711] [--dev] [--weak] [--lost 1000]`. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { serveWeb } from '../../../main/shells/web/index.ts';
import { fakeApi } from './api.ts';

const { values } = parseArgs({
  options: {
    sites: { type: 'string', default: '12' },
    port: { type: 'string', default: '0' },
    dev: { type: 'boolean', default: false },
    weak: { type: 'boolean', default: false },
    /** An empty computer, and the backups of so many sites. */
    lost: { type: 'string', default: '0' },
  },
});

const api = fakeApi({
  sites: values.lost === '0' ? Number(values.sites) : 0,
  weakKeychain: values.weak,
  lost: Number(values.lost),
});
const shell = await serveWeb({
  router: api.router,
  port: Number(values.port),
  rendererFolder: path.resolve(import.meta.dirname, '../../../out/renderer'),
  dev: values.dev,
  onLink: (url) => console.log(url),
});
console.log(shell.url);
process.on('SIGTERM', () => void shell.close().then(() => api.close()));
