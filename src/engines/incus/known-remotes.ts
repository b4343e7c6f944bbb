import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { hasCode, SandboxError } from '../../base/errors.ts';
import type { IncusTrust } from './place.ts';

/** What the incus command writes: of what it has come to know, and how. */
const remotesSchema = z.object({
  remotes: z
    .record(
      z.string(),
      z.object({ addr: z.string(), protocol: z.string().default('incus'), auth_type: z.string().default('tls') }),
    )
    .default({}),
});

/** An Incus of another machine that the incus command knows by a name, and that trusts its certificate. */
export interface KnownRemote {
  readonly url: string;
  readonly trust: IncusTrust;
}

/**
 * The remote of that name of the incus command, as the server's user has it (`incus remote add`); null where there is none. Throws
 * `invalid` with a sentence for one of this machine, one that runs nothing, or whose certificates are not there. Read at a start, before anything waits.
 */
export function findRemote(name: string): KnownRemote | null {
  const folder = join(homedir(), '.config', 'incus');
  const text = readOptional(join(folder, 'config.yml'));
  const { remotes } = remotesSchema.parse((text && parse(text)) ?? {});
  const found = Object.hasOwn(remotes, name) ? remotes[name] : undefined;
  if (!found) return null;
  if (found.addr.startsWith('unix:')) throw unusable(name, 'is a socket of this machine: name its path, or local');
  if (found.protocol !== 'incus' || found.auth_type !== 'tls') {
    throw unusable(name, `is reached by ${found.protocol} and ${found.auth_type}, and not by a certificate`);
  }
  const read = (file: string) => {
    const content = readOptional(join(folder, file));
    if (content === null) throw unusable(name, `has no ${file} in ${folder}`);
    return content;
  };
  const trust = { key: read('client.key'), certificate: read('client.crt') };
  return {
    url: new URL(found.addr).origin,
    trust: { ...trust, serverCertificate: read(join('servercerts', `${name}.crt`)) },
  };
}

function readOptional(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return null;
    throw error;
  }
}

function unusable(name: string, why: string): SandboxError {
  return new SandboxError('invalid', `INCUS_REMOTE=${name} cannot be used: the remote ${why}.`);
}
