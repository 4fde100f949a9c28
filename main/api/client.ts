import type { ContractRouterClient } from '@orpc/contract';
import type { Contract } from './contract.ts';

/** The one client that every shell has: over a message port, a WebSocket, a local socket, or in the same process. */
export type Client = ContractRouterClient<Contract>;
