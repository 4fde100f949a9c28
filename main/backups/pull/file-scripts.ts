import { sh, type Script } from '../../connections/index.ts';
import { PYTHON } from './means.ts';

/** Our own programs for hosts that have none, from `resources/backups`: each lists, packs, unpacks and hashes. */
export interface FileScripts {
  readonly php: string;
  readonly python: string;
}

/** A command that lists, packs, unpacks or hashes in the folder that it is run in; see `resources/backups/files.php`. */
export function filesBy(
  language: 'php' | 'python',
  scripts: FileScripts,
  verb: 'list' | 'look' | 'pack' | 'unpack' | 'hash',
  given: Script = sh``,
): Script {
  return language === 'php'
    ? sh`php -d open_basedir= -r ${scripts.php.replace(/^<\?php/, '')} -- ${verb} ${given}`
    : sh`${PYTHON} -c ${scripts.python} ${verb} ${given}`;
}
