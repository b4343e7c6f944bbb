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

/** What `incus remote list` shows of a user who has added none. https://linuxcontainers.org/incus/docs/main/reference/image_servers/ */
const USUAL_IMAGE_SERVERS: ReadonlyMap<string, string> = new Map([['images', 'https://images.linuxcontainers.org']]);

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
  const folder = folderOfCommand();
  const found = readRemote(folder, name);
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

/** Where the image server of that name is, one that the incus command knows or is told at first; null where there is none of simplestreams. Throws `invalid` where the command's file is not as it writes it. */
export function findImageServer(name: string): string | null {
  const found = readRemote(folderOfCommand(), name);
  if (!found) return USUAL_IMAGE_SERVERS.get(name) ?? null;
  return found.protocol === 'simplestreams' ? found.addr : null;
}

function folderOfCommand(): string {
  return join(homedir(), '.config', 'incus');
}

function readRemote(folder: string, name: string) {
  const remotes = readRemotes(join(folder, 'config.yml'));
  return Object.hasOwn(remotes, name) ? remotes[name] : undefined;
}

function readRemotes(file: string) {
  try {
    const text = readOptional(file);
    return remotesSchema.parse((text && parse(text)) ?? {}).remotes;
  } catch (cause) {
    const sentence = `${file} cannot be read as what the incus command writes there.`;
    throw new SandboxError('invalid', sentence, { cause });
  }
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
