import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Whose value it is: sealed for one, it opens for no other. */
export interface SealedFor {
  readonly sandboxId: string;
  readonly name: string;
}

/** Encrypts the values of secrets with a key of the server's, and opens them again. */
export class Vault {
  readonly #key: Buffer;

  /** `key`: 32 secret bytes. */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /** The value as a record may have it. */
  seal(value: string, to: SealedFor): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, iv, { authTagLength: TAG_BYTES }).setAAD(labelOf(to));
    const encrypted = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), encrypted]).toString('base64');
  }

  /** The value that was sealed; null where it was sealed by another key, for another secret, or was changed. */
  open(sealed: string, from: SealedFor): string | null {
    const bytes = Buffer.from(sealed, 'base64');
    const iv = bytes.subarray(0, IV_BYTES);
    const tag = bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
    try {
      const decipher = createDecipheriv(CIPHER, this.#key, iv, { authTagLength: TAG_BYTES });
      decipher.setAAD(labelOf(from)).setAuthTag(tag);
      const value = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
      return value.toString('utf8');
    } catch {
      return null;
    }
  }
}

function labelOf({ sandboxId, name }: SealedFor): Buffer {
  return Buffer.from(`${sandboxId}\n${name}`);
}
