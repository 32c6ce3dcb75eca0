// Where the bytes of uploaded files are: a folder by default, an S3-compatible store by configuration. Files are named by the
// hash of their content: written once, never changed, and the same photo twice is one file.
import { AwsClient } from 'aws4fetch';
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration } from '../config/environment.js';
import { randomHex } from '../ids/ids.js';

export interface FileStore {
  /** Durable when it resolves. */
  put(key: string, bytes: Buffer, contentType: string): Promise<void>;
  /** undefined where nothing is kept under this key. */
  get(key: string): Promise<Buffer | undefined>;
}

export const FILE_STORE = Symbol('file store');
const TIMEOUT_MS = 20_000;

export const contentKey = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const pathOf = (key: string): string => {
  if (!/^[0-9a-f]{64}$/.test(key)) throw new RangeError('a file is named by the SHA-256 of its content');
  return `${key.slice(0, 2)}/${key}`;
};

export class DiskStore implements FileStore {
  constructor(private readonly folder: string) {}

  async put(key: string, bytes: Buffer): Promise<void> {
    const target = join(this.folder, pathOf(key));
    await mkdir(join(this.folder, key.slice(0, 2)), { recursive: true });
    // Whole or not at all: a crash leaves a nameless rest, never half a photo under its name.
    const draft = `${target}.${randomHex(6)}`;
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
      await file.close();
      await rename(draft, target);
    } catch (error) {
      await file.close().catch(() => undefined);
      await rm(draft, { force: true });
      throw error;
    }
  }

  async get(key: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.folder, pathOf(key)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

export interface S3Settings {
  readonly endpoint: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Payloads are signed by their hash, which is their name. Path-style addresses (`endpoint/bucket/key`), which every S3-compatible store answers; requests are signed (Signature Version 4). */
export class S3Store implements FileStore {
  private readonly client: AwsClient;

  constructor(private readonly settings: S3Settings) {
    this.client = new AwsClient({ accessKeyId: settings.accessKeyId, secretAccessKey: settings.secretAccessKey, region: settings.region, service: 's3', retries: 2 });
  }

  async put(key: string, bytes: Buffer, contentType: string): Promise<void> {
    const response = await this.client.fetch(this.urlOf(key), { method: 'PUT', body: new Uint8Array(bytes), headers: { 'content-type': contentType, 'x-amz-content-sha256': key }, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`the file store answered ${response.status} to a write`);
  }

  async get(key: string): Promise<Buffer | undefined> {
    const response = await this.client.fetch(this.urlOf(key), { method: 'GET', signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
    const bytes = Buffer.from(await response.arrayBuffer());
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`the file store answered ${response.status} to a read`);
    return bytes;
  }

  private urlOf(key: string): string {
    const { endpoint, bucket, prefix } = this.settings;
    return `${endpoint}/${bucket}/${prefix === '' ? '' : `${prefix}/`}${pathOf(key)}`;
  }
}

export const openFileStore = (configuration: Configuration): FileStore => (configuration.s3 === undefined ? new DiskStore(join(configuration.dataDirectory, 'files')) : new S3Store(configuration.s3));
