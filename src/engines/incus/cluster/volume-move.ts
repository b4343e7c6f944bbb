import { z } from 'zod';
import type { IncusCalls } from '../incus-calls.ts';

/** How long the files of a sandbox may take to another machine, in milliseconds. */
const MOVE_MS = 600_000;

const sourceSchema = z.object({ id: z.string(), metadata: z.record(z.string(), z.string()) });

interface Copying {
  /** The member that has it, and its address. */
  readonly from: IncusCalls;
  readonly fromUrl: string;
  readonly to: IncusCalls;
  /** Where volumes of the pool are made on the other member. */
  readonly path: string;
  readonly pool: string;
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  /** By which one member knows the other. */
  readonly serverCertificate: string;
}

/**
 * Copies a volume to another member under the same name, as between two servers: what Incus 6.0 has for members looks for the volume in
 * the project `default`.
 */
export async function copyVolume(copying: Copying): Promise<void> {
  const { from, fromUrl, to, path, pool, name, config, serverCertificate } = copying;
  const asked = { name, pool, migration: true, volume_only: true };
  const { metadata } = await from.begin('send the volume of the sandbox', `${path.split('?')[0]}/${name}`, asked);
  const { id, metadata: secrets } = sourceSchema.parse(metadata);
  const operation = `${fromUrl}/1.0/operations/${id}`;
  const certificate = serverCertificate;
  const source = { type: 'migration', mode: 'pull', volume_only: true, operation, certificate, secrets };
  const body = { name, type: 'custom', content_type: 'filesystem', config, source };
  await to.change('receive the volume of the sandbox', 'POST', path, body, MOVE_MS);
}
