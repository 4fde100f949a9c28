/** What the user hears about, and when. */
export { noticeOf, type Notice } from './notify.ts';
