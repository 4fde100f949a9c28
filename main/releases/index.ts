/** Where versions come from: sources, their cached answers, packages and their checks. */
export { Release } from './release.ts';
export { openAnswers, type Answers } from './answers.ts';
export {
  askWordPressOrg,
  coreContext,
  type WordPressAnswer,
  type WordPressOrgPlace,
  type WordPressQuestion,
} from './wordpress-org.ts';
export { coreChecksums, pluginChecksums, type Checksums, type FileHashes } from './checksums.ts';
export { releaseOfInstalled, type Installed } from './installed.ts';
export { ARCHIVE_LIMITS, objectionTo, openPackage, type Package, type PackageFile } from './archive.ts';
export { openPackages, type Packages } from './packages.ts';
