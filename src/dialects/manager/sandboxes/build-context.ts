import { posix } from 'node:path';
import type { z } from 'zod';
import type { Principal } from '../../../auth/principal.ts';
import type { WantedBuild } from '../../../builds/builds.ts';
import { InvalidRequest } from '../../../http/validation/validation.ts';
import type { Listing } from '../../../sandboxes/listing.ts';
import { WORKSPACE } from '../../../sandboxes/spec/folders.ts';
import { findOwn } from '../names.ts';
import type { createBody } from './schemas.ts';

type Asked = Pick<z.output<typeof createBody>, 'force_build' | 'build_context'>;

/** True where a client wants its image built; the context alone means nothing, as in the published server. */
export function isBuild({ force_build, build_context }: Asked): boolean {
  return force_build === true && build_context != null;
}

/** Where an image is to be built: a folder in the workspace of a sandbox of the principal's. Throws InvalidRequest for anything else. */
export async function toBuildPlace(
  { build_context: asked }: Asked,
  principal: Principal,
  listing: Listing,
): Promise<Pick<WantedBuild, 'ref' | 'folder' | 'dockerfile'>> {
  const { context_path: place = '', dockerfile = 'Dockerfile' } = asked ?? {};
  const [, name = '', path = ''] = /^([^:/]+):(\/[^\0]*)$/.exec(place) ?? [];
  const folder = posix.normalize(path).replace(/(.)\/$/, '$1');
  if (folder !== WORKSPACE && !folder.startsWith(`${WORKSPACE}/`)) {
    throw invalid('context_path', 'must be <id or name of a sandbox>:<folder in its /workspace>');
  }
  const found = await findOwn(listing, principal, name);
  if (!found) throw invalid('context_path', `names ${name}, which is no sandbox of yours`);
  const file = posix.normalize(dockerfile);
  if (file.startsWith('/') || file.startsWith('..') || file === '.' || file.includes('\0')) {
    throw invalid('dockerfile', 'must be a path in the folder of context_path');
  }
  return { ref: { address: found.address, principal }, folder, dockerfile: file };
}

function invalid(field: string, msg: string): InvalidRequest {
  return new InvalidRequest([{ loc: ['body', 'build_context', field], msg, type: 'build_context' }]);
}
