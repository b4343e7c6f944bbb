import { hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../base/atomic-file.ts';
import { hasCode } from '../../base/errors.ts';
import { ConfigError } from '../../config/config.ts';

/** The file with the secret of a data folder. */
const SECRET_FILE = 'secret';

const SECRET_BYTES = 32;

/** What only this server knows: random bytes in a file of its data folder, from which each use gets a key of its own. */
export class ServerSecret {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Reads the secret of a data folder; made where there is none. Throws a ConfigError where the file holds something else. */
  static async open(dataDir: string): Promise<ServerSecret> {
    const file = join(dataDir, SECRET_FILE);
    const known = await readSecret(file);
    const bytes = known ?? randomBytes(SECRET_BYTES);
    if (known === null) await writeAtomically(file, bytes);
    if (bytes.length === SECRET_BYTES) return new ServerSecret(bytes);
    throw new ConfigError(
      `${file} does not hold the ${SECRET_BYTES} bytes that it should; bring it back from a backup, or remove it: what was signed with it then ends.`,
    );
  }

  /** A key of 32 bytes for one use, named by its label (HKDF with SHA-256, RFC 5869). */
  derive(label: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#bytes, Buffer.alloc(0), label, SECRET_BYTES));
  }
}

async function readSecret(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}
