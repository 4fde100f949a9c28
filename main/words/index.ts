/** The words of the design that every room uses: ids, remote paths, problems, progress. */
export { Problem, ProblemShape, asProblem, isAbort, shorten, wordsOf } from './problem.ts';
export {
  BackupId,
  CopyId,
  RunId,
  Sha256,
  SiteId,
  newBackupId,
  newCopyId,
  newRunId,
  newSiteId,
} from './ids.ts';
export { isOwnFile } from './own-files.ts';
export { RemotePath, decodeName, encodeName, joinRemote, parentOf, remotePath } from './remote-path.ts';
export { Progress, type Clock, type OnProgress } from './progress.ts';
export { createSignal, type Signal } from './signal.ts';
export { Json, readJson } from './json.ts';
export { bytesInWords, counted } from './amounts.ts';
