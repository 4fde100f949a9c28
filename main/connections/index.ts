/** Ways to a site: SSH and this computer; host keys; everything that is quoted for a server. */
export { ConfiguredHost, Trial, UnknownHostKey } from './trial.ts';
export {
  run,
  runOk,
  remoteFailed,
  type Connection,
  type RemoteProcess,
  type RemoteResult,
  type RunOptions,
} from './connection.ts';
export { readStartOverSftp } from './ssh/read-start.ts';
export type { RemoteFiles, RemoteHandle, RemoteStat } from './ssh/remote-files.ts';
export type { Sftp, SftpEntry } from './ssh/sftp.ts';
export { relayThrough } from './relay.ts';
export { feed, TakesNoMore } from './feeding.ts';
export { lines, programOnStdin, quote, scriptFile, sh, type Script } from './script.ts';
export {
  createConnections,
  type ConnectionLimits,
  type Connections,
  type PoolOptions,
  type SecretsOf,
} from './pool.ts';
export { openHostKeys, type HostKeys, type HostKeyVerdict } from './ssh/host-keys.ts';
export { keysOnTheWay, trustAsBefore } from './ssh/keys-on-the-way.ts';
export { ChangedHost, UnknownHost } from './ssh/connect.ts';
export type { HopSecrets } from './ssh/authenticate.ts';
export { readSshConfig, type SshConfig } from './ssh/config.ts';
export { parseTarget } from './parse-target.ts';

import type { Site } from '../sites/index.ts';
import type { Connection as Open } from './connection.ts';

/** Lends an open connection to a site; app.ts makes it of the pool and the secrets. */
export type Reach = <T>(
  site: Site,
  signal: AbortSignal,
  work: (connection: Open) => Promise<T>,
) => Promise<T>;
