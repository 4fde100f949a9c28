export { type WebShell, type WebShellOptions, serveWeb } from './serve.ts';
