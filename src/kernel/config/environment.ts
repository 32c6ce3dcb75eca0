// The only file that reads the environment. A wrong value stops start-up with one line that names it.
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export type Role = 'all' | 'api' | 'worker';

export interface Configuration {
  readonly databaseUrl: string | undefined;
  /** Addresses of Redis; more than one means a Redis Cluster; none means BullMQ on PostgreSQL. */
  readonly redisUrls: readonly string[];
  readonly port: number;
  readonly host: string;
  readonly role: Role;
  readonly publicUrl: string | undefined;
  readonly secretKey: string | undefined;
  readonly bootstrapKey: string | undefined;
  readonly dataDirectory: string;
  /** Where files are put to be taken in; undefined: drop/ in the data directory. */
  readonly dropDirectory: string | undefined;
  readonly outboundAllow: 'none' | 'loopback-http';
  readonly logLevel: string;
  readonly databasePool: number;
  /** Days that order events are kept. */
  readonly eventRetentionDays: number;
  /** Where uploaded files are kept; undefined: in the data directory. */
  readonly s3: { readonly endpoint: string; readonly bucket: string; readonly prefix: string; readonly region: string; readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

export class ConfigurationError extends Error {
  constructor(
    readonly variable: string,
    reason: string,
  ) {
    super(`${variable}: ${reason}`);
    this.name = 'ConfigurationError';
  }
}

const urlOf = (protocols: readonly string[]) =>
  z.string().refine(
    (text) => {
      try {
        return protocols.includes(new URL(text).protocol);
      } catch {
        return false;
      }
    },
    { message: `must be a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}` },
  );

const schema = z.object({
  DATABASE_URL: urlOf(['postgres:', 'postgresql:']).optional(),
  REDIS_URL: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(urlOf(['redis:', 'rediss:'])).min(1))
    .optional(),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a port number from 0 to 65535 (0 picks a free one)')
    .transform(Number)
    .refine((port) => port <= 65535, 'must be a port number from 0 to 65535 (0 picks a free one)')
    .optional(),
  HOST: z.string().min(1).optional(),
  ROLE: z.enum(['all', 'api', 'worker'], { error: 'must be all, api or worker' }).optional(),
  PUBLIC_URL: urlOf(['http:', 'https:']).optional(),
  SECRET_KEY: z
    .string()
    .regex(/^[A-Za-z0-9_+/=-]{43,}$/, 'must hold at least 32 random bytes in base64 or base64url (43 characters or more)')
    .optional(),
  BOOTSTRAP_KEY: z
    .string()
    .regex(/^[A-Za-z0-9._~-]{32,256}$/, 'must be 32 to 256 URL-safe characters')
    .optional(),
  DATA_DIR: z.string().min(1).optional(),
  DROP_DIR: z.string().min(1).optional(),
  OUTBOUND_ALLOW: z
    .enum(['', 'loopback-http'], { error: 'must be empty or loopback-http' })
    .transform((v) => (v === '' ? ('none' as const) : v))
    .optional(),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be fatal, error, warn, info, debug, trace or silent',
    })
    .optional(),
  DATABASE_POOL: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number from 4 to 200')
    .transform(Number)
    .refine((n) => n >= 4 && n <= 200, 'must be a whole number from 4 to 200')
    .optional(),
  EVENT_RETENTION_DAYS: z
    .string()
    .regex(/^\d{1,4}$/, 'must be a whole number from 31 to 3650')
    .transform(Number)
    .refine((n) => n >= 31 && n <= 3650, 'must be a whole number from 31 to 3650')
    .optional(),
  FILE_STORE: z
    .string()
    .regex(/^(disk|s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[\w./-]{1,200})?)$/, 'must be disk, or s3://bucket or s3://bucket/prefix')
    .optional(),
  S3_ENDPOINT: urlOf(['http:', 'https:']).optional(),
  S3_REGION: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'must be the name of a region such as us-east-1')
    .optional(),
  S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
});

function s3Of(value: z.infer<typeof schema>): Configuration['s3'] {
  if (value.FILE_STORE === undefined || value.FILE_STORE === 'disk') return undefined;
  if (value.S3_ACCESS_KEY_ID === undefined) throw new ConfigurationError('S3_ACCESS_KEY_ID', 'is missing: FILE_STORE names an S3 bucket');
  if (value.S3_SECRET_ACCESS_KEY === undefined) throw new ConfigurationError('S3_SECRET_ACCESS_KEY', 'is missing: FILE_STORE names an S3 bucket');
  const [bucket = '', ...prefix] = value.FILE_STORE.slice('s3://'.length).split('/');
  const region = value.S3_REGION ?? 'us-east-1';
  return {
    endpoint: (value.S3_ENDPOINT ?? `https://s3.${region}.amazonaws.com`).replace(/\/+$/, ''), bucket, prefix: prefix.filter((part) => part !== '').join('/'), region,
    accessKeyId: value.S3_ACCESS_KEY_ID, secretAccessKey: value.S3_SECRET_ACCESS_KEY,
  };
}

/** The folder that holds package.json: two levels above this file's folder in src/ as in dist/. */
export const projectRoot = (): string => resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

export function readConfiguration(environment: NodeJS.ProcessEnv = process.env): Configuration {
  const present = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => value !== '' || name === 'OUTBOUND_ALLOW'),
  );
  const parsed = schema.safeParse(present);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ConfigurationError(String(issue?.path[0] ?? 'environment'), issue?.message ?? 'is not valid');
  }
  const value = parsed.data;
  const folder = value.DATA_DIR ?? '.castline/service';
  return {
    databaseUrl: value.DATABASE_URL,
    redisUrls: value.REDIS_URL ?? [],
    port: value.PORT ?? 3000,
    host: value.HOST ?? '127.0.0.1',
    role: value.ROLE ?? 'all',
    publicUrl: value.PUBLIC_URL,
    secretKey: value.SECRET_KEY,
    bootstrapKey: value.BOOTSTRAP_KEY,
    dataDirectory: isAbsolute(folder) ? folder : join(projectRoot(), folder),
    dropDirectory: value.DROP_DIR === undefined || isAbsolute(value.DROP_DIR) ? value.DROP_DIR : join(projectRoot(), value.DROP_DIR),
    outboundAllow: value.OUTBOUND_ALLOW ?? 'none',
    logLevel: value.LOG_LEVEL ?? 'info',
    databasePool: value.DATABASE_POOL ?? 20,
    eventRetentionDays: value.EVENT_RETENTION_DAYS ?? 400,
    s3: s3Of(value),
  };
}

/** What a child process needs to find system libraries and tools, and nothing else of our environment. */
export const childEnvironment = (): Record<string, string> => ({ PATH: process.env['PATH'] ?? '', LC_ALL: 'C' });

/** True where the tests of this very checkout run with the provided data beside it. */
export const providedData = (): string | undefined => {
  const folder = join(projectRoot(), '..', 'shared', 'data');
  return existsSync(folder) ? folder : undefined;
};
