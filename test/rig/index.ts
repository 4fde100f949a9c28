/** Real servers for tests, in a small vocabulary. Everything listens on 127.0.0.1 and ends with the test. */
export { aTempFolder, type TempFolder } from './folders.ts';
export { endProcess } from './end-process.ts';
export { aFreePort } from './ports.ts';
export { aKeyPair, type KeyPair } from './keys.ts';
export { anSshHost, type OtherPrograms, type SshHost } from './sshd.ts';
export { aCuttingWay, type Cut, type CuttingWay } from './cutting-relay.ts';
export {
  aFront,
  aLyingSite,
  certificates,
  type Certificate,
  type Front,
  type LyingSite,
} from './lying-site.ts';
export { startSshServer, type SshServer } from './ssh-server.ts';
export { aMariaDb, type Database, type MariaDb } from './mariadb.ts';
export { aPostgres, type Postgres, type PostgresDatabase } from './postgres.ts';
export { aWordPressSite, type Page, type WordPressSite, type WordPressSiteOptions } from './wordpress.ts';
export { makeNetwork, type NetworkSite } from './wordpress-network.ts';
export { aWordPressOrg, type Asked, type Question, type WordPressOrg } from './wordpress-org.ts';
export type { Fault } from './faults.ts';
export { aPlugin, aTheme, packageOf, type Component, type Release } from './component.ts';
export { badPlugins, goodPlugins, singleFilePlugin, strangePlugins } from './plugins.ts';
export { brokenTheme, meadow, meadowChild } from './themes.ts';
export { wordPressTree, wordPressTrees, type WordPressTree } from './wordpress-trees.ts';
export { anS3Storage, type S3Storage } from './s3.ts';
export { anApp, connectionTo, type TestApp } from './app.ts';
export { groundskeeper, killAtStep, reachStep, type CommandEnd, type CommandLine } from './command-line.ts';
