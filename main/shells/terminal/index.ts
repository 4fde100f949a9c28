/** The app without a window; also the local socket by which commands reach the app that runs. */
export { runTerminal, type TerminalOptions } from './program.ts';
export { connectToOwner, serveSocket } from './socket.ts';
export { createOutput, type Output } from './output.ts';
