import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';

/** What `.env` in a folder says, nothing where there is none; an error where it cannot be read. */
export function readEnvFile(folder: string): Record<string, string> | Error {
  try {
    return parse(readFileSync(`${folder}/.env`));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return 'code' in error && error.code === 'ENOENT' ? {} : error;
  }
}
