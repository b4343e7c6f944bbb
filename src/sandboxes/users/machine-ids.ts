import { readText } from '../../base/atomic-file.ts';
import { readIds } from './accounts.ts';

/** This machine's own, and where docker-compose.yml puts the machine's for a server in a container, which has others. */
const FILES = ['/etc/passwd', '/etc/group', '/run/clara-machine/passwd', '/run/clara-machine/group'];

/** The ids of users and groups that this machine knows. */
export async function readMachineIds(): Promise<ReadonlySet<number>> {
  const texts = await Promise.all(FILES.map((file) => readText(file)));
  return new Set(texts.flatMap((text) => readIds(text ?? '')));
}
