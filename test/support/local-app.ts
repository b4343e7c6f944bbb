import { type AgentSource, readAgentSource } from '../../src/agent/link/source.ts';
import type { AppParts } from '../../src/app-parts.ts';
import { FakeEngine } from '../fakes/fake-engine.ts';
import { LocalSandboxes } from '../fakes/local-sandboxes.ts';
import { type FakeApp, speaking, startFakeApp } from './fake-app.ts';

let source: Promise<AgentSource> | undefined;

/** Builds an app, as `startNativeApp` does, whose sandboxes have the real agent; for all that is about its answers. */
export async function startLocalApp(
  variables: Readonly<Record<string, string>> = {},
  parts: Partial<AppParts> = {},
): Promise<FakeApp> {
  source ??= readAgentSource(new URL('../../agent/', import.meta.url));
  const local = new LocalSandboxes();
  const more = { ...speaking(), agentSource: await source, ...parts };
  const fake = await startFakeApp({ SANDBOX_PYTHON_PRELOAD: 'none', ...variables }, new FakeEngine(local), more);
  return {
    ...fake,
    close: async () => {
      await fake.close();
      await local.close();
    },
  };
}
