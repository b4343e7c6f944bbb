import { openEngine } from '../engines/open.ts';
import type { Probes } from './choice.ts';

/** What the engines of this machine answer. */
export const PROBES: Probes = {
  docker: async () => `Docker ${await versionOf('docker')} answers.`,
  incus: async () => `Incus ${await versionOf('incus')} answers.`,
};

async function versionOf(kind: 'docker' | 'incus'): Promise<string> {
  const engine = openEngine(kind);
  try {
    return (await engine.info()).version;
  } finally {
    await engine.close();
  }
}
