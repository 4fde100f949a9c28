declare module '@20minutes/s3rver' {
  import type { Server } from 'node:http';

  /** What the rig uses of s3rver, which has no types of its own. */
  export default class S3rver {
    constructor(options: {
      address: string;
      port: number;
      silent: boolean;
      directory: string;
      vhostBuckets?: boolean;
      configureBuckets: readonly { name: string }[];
    });
    /** Koa's list; the last one answers. */
    readonly middleware: ((
      context: { path: string; mountPath: string; state: { vhost: boolean } },
      next: () => Promise<void>,
    ) => Promise<void>)[];
    run(): Promise<{ port: number }>;
    close(): Promise<void>;
    readonly httpServer: Server;
  }
}
