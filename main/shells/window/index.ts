/** What the two shells with a window share: the renderer's files and the rules that the window obeys. */
export { type RendererFile, rendererFile } from './files.ts';
export { DOCUMENT_HEADERS, contentPolicy } from './policy.ts';
