import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** One built file of the renderer, ready to be answered. */
export type RendererFile = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  /** Whether its name carries a hash of its content, so that it may be kept for ever. */
  readonly immutable: boolean;
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

/** One name per folder, no dot files, nothing encoded: whatever else is asked for is not ours. */
const OURS = /^(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+$/;

/**
 * The file of the built renderer that a URL's path names; `/` is the page itself.
 * null: there is none. A path can never lead out of the folder.
 */
export async function rendererFile(folder: string, urlPath: string): Promise<RendererFile | null> {
  const wanted = urlPath === '/' ? '/index.html' : urlPath;
  const type = TYPES[path.posix.extname(wanted)];
  if (!OURS.test(wanted) || type === undefined) return null;
  try {
    const bytes = await readFile(path.join(folder, ...wanted.split('/')));
    return { bytes: new Uint8Array(bytes), type, immutable: wanted.startsWith('/assets/') };
  } catch {
    return null;
  }
}
