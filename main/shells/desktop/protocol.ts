import { DOCUMENT_HEADERS, contentPolicy, rendererFile } from '../window/index.ts';
import { OWN_SCHEME, OWN_URL } from './sender.ts';

/**
 * What the renderer's scheme may do. It must be told before the app is ready. `corsEnabled` goes with
 * `supportFetchAPI`: without it other origins could read from the scheme (CVE-2026-70604).
 */
export const SCHEME = {
  scheme: OWN_SCHEME,
  privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true, codeCache: true },
} as const;

type Asked = { readonly url: string; readonly method: string };

/** Answers the renderer's scheme with its built files and nothing else. */
export function answerFrom(rendererFolder: string): (request: Asked) => Promise<Response> {
  return async ({ url, method }) => {
    const wanted = new URL(url);
    const file =
      method === 'GET' && wanted.host === new URL(OWN_URL).host
        ? await rendererFile(rendererFolder, wanted.pathname)
        : null;
    if (file === null) return new Response('Not found', { status: 404 });
    return new Response(file.bytes, {
      headers: {
        ...DOCUMENT_HEADERS,
        'Content-Type': file.type,
        'Content-Security-Policy': contentPolicy(),
      },
    });
  };
}
