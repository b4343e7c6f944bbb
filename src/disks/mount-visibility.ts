import { access, readdir, readFile, readlink } from 'node:fs/promises';

const ENGINE_PROGRAM = 'dockerd';

const FIRST_PROCESS = '1';

/** What a container leaves in its root so that programs can tell; machines made from an image of one have it too. */
const CONTAINER_MARKS = ['/.dockerenv', '/run/.containerenv'];

/** Why an engine would not see what this process mounts, as the end of a sentence; null where nothing speaks against it. */
export async function invisibleReason(): Promise<string | null> {
  const own = await namespaceId('self');
  const engines = await enginePids();
  if (engines.length > 0) {
    const namespaces = await Promise.all(engines.map(namespaceId));
    return namespaces.includes(own) ? null : 'the engine has another mount namespace than the server';
  }
  for (const mark of CONTAINER_MARKS) {
    if (await isThere(mark)) return 'the server runs in a container, whose mounts the engine does not see';
  }
  const machine = await namespaceId(FIRST_PROCESS);
  return machine === null || machine === own ? null : 'the server has a mount namespace of its own';
}

/** The same for what is mounted in the namespace of another process. */
export async function invisibleReasonIn(pid: string): Promise<string | null> {
  return (await namespaceId(pid)) === (await namespaceId('self')) ? await invisibleReason() : null;
}

/** The process in whose mount namespace the engine sees what is mounted: the machine's first, or the engine itself where that has another. */
export async function findEngineProcess(): Promise<string> {
  const machine = await namespaceId(FIRST_PROCESS);
  const engines = await enginePids();
  const namespaces = await Promise.all(engines.map(namespaceId));
  return namespaces.includes(machine) ? FIRST_PROCESS : (engines[0] ?? FIRST_PROCESS);
}

async function enginePids(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const names = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')));
  return pids.filter((_, index) => names[index]?.trim() === ENGINE_PROGRAM);
}

async function namespaceId(pid: string): Promise<string | null> {
  return await readlink(`/proc/${pid}/ns/mnt`).catch(() => null);
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
