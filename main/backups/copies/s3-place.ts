import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { Problem, wordsOf } from '../../words/index.ts';
import { isStoreFile, type StoreFile } from '../store/store-files.ts';
import { whereIs, type S3PlaceSettings } from './copy.ts';
import type { Place } from './place.ts';

/** Milliseconds to connect, and without a byte. */
const CONNECT = 15_000;
const SILENT = 60_000;

/**
 * A bucket of S3-compatible storage. An object is there as a whole or not at all, so nothing is left half written.
 * What its own checksums say was measured when an object came in, not now; so to verify, objects are read back.
 */
export async function s3Place(
  settings: S3PlaceSettings,
  secretAccessKey: string,
  signal: AbortSignal,
): Promise<Place & { close(): void }> {
  // Asked for late: it is large, and most have no such place.
  const s3 = await import('@aws-sdk/client-s3');
  const label = whereIs(settings);
  const { bucket: Bucket, accessKeyId } = settings;
  const client: S3Client = new s3.S3Client({
    endpoint: settings.endpoint,
    region: settings.region,
    // Not every provider has a name for each bucket, and certificates do not cover names with dots.
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    // The SDK's own default needs trailers that many compatible servers do not know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT, requestTimeout: SILENT, throwOnRequestTimeout: true },
    maxAttempts: 4,
  });
  const start = settings.prefix === '' ? '' : `${settings.prefix}/`;
  const keyOf = (name: string) => start + name;
  const asking = { abortSignal: signal };
  const ask = async <T>(attempted: string, work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      throw asS3Problem(error, attempted, label);
    }
  };
  return {
    label,
    atOnce: 4,
    // A bucket is made by who pays for it; what is asked is only whether it is there.
    async make() {
      await ask('Look into the bucket', () =>
        client.send(new s3.ListObjectsV2Command({ Bucket, Prefix: start }), asking),
      );
    },
    // A prefix is a name of its own: what else is in the bucket does not matter.
    expectRoom: async () => {},
    async list() {
      const found = new Map<StoreFile, number>();
      let token: string | undefined;
      do {
        const page = await ask('List the bucket', () =>
          client.send(
            new s3.ListObjectsV2Command({ Bucket, Prefix: start, ContinuationToken: token }),
            asking,
          ),
        );
        for (const { Key = '', Size = 0 } of page.Contents ?? []) {
          const name = Key.slice(start.length);
          if (Key.startsWith(start) && isStoreFile(name)) found.set(name, Size);
        }
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
      return found;
    },
    async read(name) {
      return ask(`Read ${name}`, async () => {
        try {
          const answer = await client.send(new s3.GetObjectCommand({ Bucket, Key: keyOf(name) }), asking);
          return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
        } catch (error) {
          if (error instanceof s3.NoSuchKey) return null;
          throw error;
        }
      });
    },
    async write(name, bytes) {
      await ask(`Write ${name}`, () =>
        client.send(
          new s3.PutObjectCommand({
            Bucket,
            Key: keyOf(name),
            Body: bytes,
            ContentLength: bytes.length,
            // The storage itself refuses what did not come in as it was sent.
            ContentMD5: createHash('md5').update(bytes).digest('base64'),
            ContentType: 'application/octet-stream',
          }),
          asking,
        ),
      );
    },
    async remove(name) {
      await ask(`Remove ${name}`, () =>
        client.send(new s3.DeleteObjectCommand({ Bucket, Key: keyOf(name) }), asking),
      );
    },
    tidy: async () => {},
    removeFolders: async () => {},
    free: async () => null,
    hashes: null,
    close: () => client.destroy(),
  };
}

/** What the answers that matter mean; the codes are S3's own. */
const MEANINGS: Readonly<Record<string, { code: string; message: string; todo: string }>> = {
  NoSuchBucket: {
    code: 'no-such-bucket',
    message: 'There is no such bucket.',
    todo: 'Make the bucket at the provider, or check its name and the endpoint.',
  },
  InvalidAccessKeyId: {
    code: 's3-refused',
    message: 'The storage does not know this access key.',
    todo: 'Check the access key at the provider.',
  },
  SignatureDoesNotMatch: {
    code: 's3-refused',
    message: 'The storage does not accept the secret key.',
    todo: 'Enter the secret key again; check the region as well.',
  },
  AccessDenied: {
    code: 's3-refused',
    message: 'This access key may not do that.',
    todo: 'Allow it to list, read, write and delete objects of this bucket.',
  },
  AuthorizationHeaderMalformed: {
    code: 's3-refused',
    message: 'The storage is in another region.',
    todo: 'Check the region; the answer above may name it.',
  },
  RequestTimeTooSkewed: {
    code: 's3-refused',
    message: 'This computer’s clock is wrong.',
    todo: 'Set the clock, then try again.',
  },
};

function asS3Problem(error: unknown, attempted: string, label: string): Problem {
  if (error instanceof Problem) return error;
  const name = error instanceof Error ? error.name : '';
  const status = statusOf(error);
  const meaning = MEANINGS[name] ??
    (status === null
      ? {
          code: 'place-away',
          message: 'The storage of this copy cannot be reached.',
          todo: 'Check the network and the endpoint, then try again. The copy is not damaged by that.',
        }
      : null) ?? {
      code: 's3-failed',
      message: 'The storage answered with an error.',
      todo: 'Try again in a while; the answer above says what it objected to.',
    };
  const answered = [status === null ? '' : String(status), name, wordsOf(error)].filter(Boolean).join(' ');
  return new Problem({ ...meaning, attempted: `${attempted} at ${label}`, answered }, error);
}

function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return null;
  const { $metadata: about } = error;
  if (typeof about !== 'object' || about === null || !('httpStatusCode' in about)) return null;
  return typeof about.httpStatusCode === 'number' ? about.httpStatusCode : null;
}
