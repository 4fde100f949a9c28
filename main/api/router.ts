import { createRouterClient, implement } from '@orpc/server';
import type { Client } from './client.ts';
import { contract } from './contract.ts';
import { appProcedures } from './procedures/app.ts';
import { backupProcedures } from './procedures/backups.ts';
import { checkProcedures } from './procedures/checks.ts';
import { connectionProcedures } from './procedures/connections.ts';
import { copyProcedures } from './procedures/copies.ts';
import { emergencyProcedures } from './procedures/emergency.ts';
import { repairProcedures } from './procedures/repairs.ts';
import { runProcedures } from './procedures/runs.ts';
import { siteProcedures } from './procedures/sites.ts';
import { storeProcedures } from './procedures/store.ts';
import { updateProcedures } from './procedures/updates.ts';
import type { Services } from './services.ts';

/** Every procedure of the contract; one that is missing does not compile. */
export function createRouter(services: Services) {
  return implement(contract).router({
    ...appProcedures(services),
    sites: siteProcedures(services),
    connections: connectionProcedures(services),
    checks: checkProcedures(services),
    updates: updateProcedures(services),
    repairs: repairProcedures(services),
    backups: backupProcedures(services),
    store: storeProcedures(services),
    copies: copyProcedures(services),
    emergency: emergencyProcedures(services),
    runs: runProcedures(services),
  });
}

export type AppRouter = ReturnType<typeof createRouter>;

/** A client in the same process: no bytes are moved, everything is validated all the same. */
export function clientOf(router: AppRouter): Client {
  return createRouterClient(router, { context: {} });
}
