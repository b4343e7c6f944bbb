import { SandboxError } from '../base/errors.ts';
import type { Settings } from '../config/config.ts';
import { incusMode } from '../config/modes.ts';
import type { Engine } from '../engines/engine.ts';
import type { Probes } from './choice.ts';
import { openEngine } from './open-engine.ts';

/** What answers where these settings say, each asked as a server would open it. */
export function probesOf(settings: Pick<Settings, 'incusType' | 'configFor'>): Probes {
  return {
    docker: async () => await using(openEngine('docker'), async ({ version }) => `Docker ${version} answers.`),
    incus: async () => {
      const mode = incusMode(settings.incusType);
      const { incus, image } = settings.configFor(mode);
      return await using(openEngine(mode, incus), async ({ version, engine }) => {
        const answers = `Incus ${version} answers`;
        if ((await engine.imageId(image)) !== null) return `${answers}, and has ${image}.`;
        if (engine.traits.images.isServed(image)) return `${answers}, and loads ${image}.`;
        const sentence = `${answers}, and has no image ${image} in the project ${incus.project}: ${engine.traits.images.advice}.`;
        throw new SandboxError('unavailable', sentence);
      });
    },
  };
}

interface Answering {
  readonly engine: Engine;
  readonly version: string;
}

async function using(engine: Engine, say: (answering: Answering) => Promise<string>): Promise<string> {
  try {
    const { version } = await engine.info();
    return await say({ engine, version });
  } finally {
    await engine.close();
  }
}
