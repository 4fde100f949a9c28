/** SQLite: one database for everything that is recorded, and the lock of the data folder. */
export { openDatabase, type Database } from './open.ts';
export { takeOwnership, type Ownership } from './owner.ts';
export type { Tables } from './tables.ts';
