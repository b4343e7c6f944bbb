import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

const run = promisify(execFile);

/** A key that nobody guesses. */
export const GOOD_KEY = '4f1c0de8a7b35296d01bd0c3f7e2a9b6';

/** `npm run doctor` on settings of a test, in a folder of their own. */
export class Doctor {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** What it says of settings in a file of this mode, and its exit code; what comes before is a program that starts it. */
  async look(settings: string, mode = 0o600, before: readonly string[] = []): Promise<{ code: number; text: string }> {
    const file = join(this.folder, 'settings');
    await writeFile(file, settings);
    await chmod(file, mode);
    const port = settings.includes('SANDBOX_API_PORT') ? '' : String(await freePort());
    const options = {
      cwd: new URL('../../', import.meta.url),
      env: { PATH: process.env.PATH, ...(port === '' ? {} : { SANDBOX_API_PORT: port }) },
    };
    try {
      const [program = '', ...argv] = [...before, process.execPath, 'scripts/doctor.mjs', file];
      return { code: 0, text: (await run(program, argv, options)).stdout };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && 'stdout' in error)) throw error;
      return { code: Number(error.code), text: String(error.stdout) };
    }
  }

  /** Settings that nothing is wrong with, and more. */
  good(more = ''): string {
    return `SANDBOX_API_KEY=${GOOD_KEY}\nSANDBOX_DATA_DIR=${this.folder}/data\n${more}`;
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** One with an empty folder. */
export async function openDoctor(): Promise<Doctor> {
  return new Doctor(await mkdtemp(join(tmpdir(), 'clara-doctor-')));
}
