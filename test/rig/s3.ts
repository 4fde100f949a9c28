import fs from 'node:fs';
import path from 'node:path';
import S3rver from '@20minutes/s3rver';
import { aTempFolder } from './folders.ts';

/** S3-compatible storage on 127.0.0.1 that verifies signatures, with one bucket. */
export interface S3Storage extends AsyncDisposable {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Breaks every connection, as a network that fails. */
  cut(): void;
  /** Nothing listens any more. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Names of all objects. */
  objects(): string[];
  /** Changes the bytes of an object behind the storage's back. */
  spoil(key: string, change: (bytes: Buffer) => Buffer): void;
  /** Takes an object away behind the storage's back. */
  lose(key: string): void;
}

/** The one account that s3rver knows. */
const ACCOUNT = 'S3RVER';
const CONTENT = '._S3rver_object';

export async function anS3Storage(): Promise<S3Storage> {
  const temp = aTempFolder('s3');
  const bucket = 'backups';
  const folder = path.join(temp.path, bucket);
  let server = serverOn(temp.path, 0, bucket);
  const { port } = await server.run();
  const fileOf = (key: string) => path.join(folder, `${key}${CONTENT}`);
  const cut = () => server.httpServer.closeAllConnections();
  let isUp = true;
  const down = async () => {
    if (!isUp) return;
    isUp = false;
    const closed = server.close();
    cut();
    await closed;
  };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket,
    accessKeyId: ACCOUNT,
    secretAccessKey: ACCOUNT,
    cut,
    down,
    async up() {
      server = serverOn(temp.path, port, bucket);
      await server.run();
      isUp = true;
    },
    objects: () =>
      fs
        .readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith(CONTENT))
        .map((name) => name.slice(0, -CONTENT.length)),
    spoil: (key, change) => fs.writeFileSync(fileOf(key), change(fs.readFileSync(fileOf(key)))),
    lose: (key) => fs.rmSync(fileOf(key)),
    async [Symbol.asyncDispose]() {
      await down();
      temp.remove();
    },
  };
}

function serverOn(directory: string, port: number, bucket: string): S3rver {
  const server = new S3rver({
    address: '127.0.0.1',
    port,
    silent: true,
    directory,
    vhostBuckets: false,
    configureBuckets: [{ name: bucket }],
  });
  // It forgets the slash behind a bucket's name when it works out what the signature has to be.
  server.middleware.splice(-1, 0, async (context, next) => {
    if (context.path === `/${bucket}/`)
      Object.assign(context, { mountPath: '/', state: { ...context.state, vhost: true } });
    await next();
  });
  return server;
}
