import { setTimeout } from 'node:timers/promises';
import type { AppParts } from './app-parts.ts';
import { Builds } from './builds/builds.ts';
import { Contexts } from './contexts/contexts.ts';
import { LanguageContexts } from './contexts/language-contexts.ts';
import type { Core } from './dialects/dialect.ts';
import { FileTree } from './files/file-tree.ts';
import { Files } from './files/files.ts';
import type { Metrics } from './observability/metrics.ts';
import { watchCalls } from './observability/watched-calls.ts';
import { Ports } from './ports/ports.ts';
import { MainProcesses } from './processes/main/main-processes.ts';
import { Processes } from './processes/processes.ts';
import type { SandboxCore } from './sandboxes/core.ts';
import { Info } from './sandboxes/info.ts';
import { SandboxNames } from './sandboxes/sandbox-names.ts';
import type { ImagePrograms } from './sandboxes/spec/image-programs.ts';
import { limitYoungGarbage } from './young-garbage.ts';

/** What the services need besides the life of sandboxes. */
interface ServiceParts extends AppParts {
  readonly imagePrograms: ImagePrograms;
  readonly metrics: Metrics;
  readonly onError: (error: unknown) => void;
}

/** All that dialects get: the life of sandboxes, and the services that work in them; its `mains` are its owner's to close. */
export function composeServices(life: SandboxCore, parts: ServiceParts): Core {
  const { config, clock, version, engine, imagePrograms, choice, metrics, onError } = parts;
  const { sandboxes, listing, settings, tenancies, images, devices, usage, checkpoints, restoring, forks } = life;
  const { snapshots, logs, alerts, volumes, networks, secrets } = life;
  const wait = parts.wait ?? ((ms, signal) => setTimeout(ms, undefined, { signal }));
  const collectYoung = limitYoungGarbage(parts.collectYoung ?? (() => undefined));
  const files = watchCalls(new Files(sandboxes, collectYoung), metrics.files.watch);
  return {
    ...{ sandboxes, listing, settings, tenancies, images, devices, usage, checkpoints, restoring, forks },
    ...{ snapshots, logs, alerts, volumes, networks, secrets },
    clock,
    names: new SandboxNames(listing),
    mains: new MainProcesses({ ...life, ...config, notes: life.mainNotes, clock, wait, onError }),
    processes: new Processes(sandboxes, config),
    languageContexts: new LanguageContexts(sandboxes, config),
    contexts: new Contexts(sandboxes, life.contextNotes, config),
    files,
    builds: new Builds({ ...life, config, engine, files, onError }),
    tree: watchCalls(new FileTree(sandboxes), metrics.files.watch),
    ports: new Ports(sandboxes, life.portNotes),
    info: new Info({ ...config, version, engine, imagePrograms, core: life, engineReason: choice?.reason ?? null }),
  };
}
