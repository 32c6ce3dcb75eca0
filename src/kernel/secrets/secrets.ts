// Encryption at rest (AES-256-GCM) and random secrets. The key comes from SECRET_KEY, or from a file of mode 0600 in the
// data folder when the embedded database is used; with a database of one's own a generated key would be lost with the
// machine, so it is refused there.
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError, type Configuration } from '../config/environment.js';

export class Secrets {
  constructor(private readonly key: Buffer) {}

  /** Returns nonce (12 bytes), tag (16 bytes) and ciphertext as base64url. */
  seal(text: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce);
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
  }

  /** Throws where the text was sealed with another key or tampered with. */
  open(sealed: string): string {
    const bytes = Buffer.from(sealed, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  }

  /** A keyed hash for a purpose: equal inputs can be recognised, and nothing else can be learned from it. */
  keyedHash(purpose: string, text: string): string {
    return createHmac('sha256', this.key).update(purpose).update('\0').update(text).digest('base64url');
  }
}

export const randomSecret = (bytes = 32): string => randomBytes(bytes).toString('base64url');

export function openSecrets(configuration: Configuration): Secrets {
  if (configuration.secretKey !== undefined) return new Secrets(createHash('sha256').update(configuration.secretKey).digest());
  if (configuration.databaseUrl !== undefined) {
    throw new ConfigurationError(
      'SECRET_KEY',
      'must be set when DATABASE_URL is set, for example to the output of "openssl rand -base64 32"',
    );
  }
  const file = join(configuration.dataDirectory, 'secret.key');
  if (!existsSync(file)) {
    mkdirSync(configuration.dataDirectory, { recursive: true });
    try {
      writeFileSync(file, randomSecret(), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      // Another process of the same installation was faster; its key is the key.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return new Secrets(createHash('sha256').update(readFileSync(file, 'utf8')).digest());
}
