/** What the user hears about, and when. */
export { noticeOf, overdueNotice, type Notice } from './notify.ts';
