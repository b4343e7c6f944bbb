import { posix } from 'node:path';
import type { CallOptions } from '../agent/call.ts';
import type { AgentConnection } from '../agent/connection.ts';
import { readFile } from '../agent/files.ts';
import { SandboxError } from '../errors.ts';
import { WORKSPACE } from './layout.ts';

/** A path of the sandbox made absolute, without `.` and `..`; relative ones start at the workspace. */
export function toAbsolutePath(path: string): string {
  return posix.resolve(WORKSPACE, path);
}

/** A whole file in memory; throws `too_large` over the limit, before anything is transferred. */
export async function readWholeFile(
  connection: AgentConnection,
  path: string,
  limitBytes: number,
  options: CallOptions,
): Promise<Buffer> {
  const { stat, body } = await readFile(connection, path, { ...options, length: limitBytes + 1 });
  if (stat.size > limitBytes) {
    body.destroy();
    throw new SandboxError(
      'too_large',
      `The file has ${stat.size} bytes, more than the ${limitBytes} that fit in JSON; use GET /sandbox/{user_id}/raw instead.`,
    );
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limitBytes) throw new SandboxError('conflict', 'The file grew while it was read; try again.');
  }
  return Buffer.concat(chunks);
}
