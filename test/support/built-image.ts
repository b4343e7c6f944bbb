import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GenericContainer, getContainerRuntimeClient, ImageName } from 'testcontainers';

/** Whether this Node is a distribution's, which keeps its code in a library and npm's modules in other packages. */
export function isNodeInPieces(): boolean {
  return 'node_shared' in process.config.variables && process.config.variables.node_shared === true;
}

/** Builds an image whose tag says what it is made of, unless the engine has it from an earlier run; it stays for the next. */
export async function buildOnce(
  name: string,
  dockerfile: readonly string[],
  base: string,
  addFiles: (folder: string) => void,
): Promise<string> {
  const { image: images } = await getContainerRuntimeClient();
  const { Id: baseId } = await images.inspect(ImageName.fromString(base));
  const hash = createHash('sha256')
    .update([baseId, process.version, ...dockerfile].join('\n'))
    .digest('hex');
  const tag = `clara-sandbox-test-${name}:${hash.slice(0, 12)}`;
  if (await images.exists(ImageName.fromString(tag))) return tag;
  const folder = mkdtempSync(join(tmpdir(), 'clara-sandbox-image-'));
  try {
    addFiles(folder);
    writeFileSync(join(folder, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
    await GenericContainer.fromDockerfile(folder).build(tag, { deleteOnExit: false });
    return tag;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
