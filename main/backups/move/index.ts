/** The store on another disk. */
export { openStoreHome, type StoreHome } from './where.ts';
export { checkTarget, finishMove, moveStore, type MoveOptions } from './move.ts';
