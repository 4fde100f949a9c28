import { operationsOverSftp } from './files-only/operations.ts';
import { planningOverSftp } from './files-only/plan.ts';
import { rollbackOverSftp } from './files-only/rollback.ts';
import type { Hands } from './hands.ts';
import type { Acting, Operations, Planning } from './operations.ts';
import { operationsByShell } from './operations-by-shell.ts';
import { planningByShell } from './plan-by-shell.ts';
import { rollbackByShell } from './rollback-by-shell.ts';
import type { RollbackMeans, RollingBack } from './rollback-held.ts';
import type { RollbackServices, UpdateServices } from './services.ts';

/** Planning as the site's connection allows it. */
export function planningFor(services: UpdateServices, hands: Hands): Planning {
  return (hands.site.connection.kind === 'sftp' ? planningOverSftp : planningByShell)(services, hands);
}

/** What is done on a site, as its connection allows it. Nothing is taken yet. */
export function operationsFor(services: RollbackServices, acting: Acting): Operations {
  return (acting.site.connection.kind === 'sftp' ? operationsOverSftp : operationsByShell)(services, acting);
}

/** A rollback, as the site's connection allows it. Nothing is taken yet. */
export function rollbackFor(services: RollbackServices, rolling: RollingBack): RollbackMeans {
  return (rolling.site.connection.kind === 'sftp' ? rollbackOverSftp : rollbackByShell)(services, rolling);
}
