import { AgentLink, type SocketFolder } from '../../agent/link/link.ts';
import type { AgentSource } from '../../agent/link/source.ts';
import type { AgentCallWatcher } from '../../agent/wire/connection.ts';
import type { SharedFrameBudget } from '../../agent/wire/frame-budget.ts';
import type { Config } from '../../config/config.ts';
import type { Egress, SandboxEgress } from '../../egress/connections/egress.ts';
import type { Engine, EngineId } from '../../engines/engine.ts';
import type { ImagePrograms } from '../spec/image-programs.ts';
import { SOCKET_FOLDER, toAgentSettings } from '../spec/layout.ts';
import { narrowingOf } from '../spec/narrowing.ts';
import type { SandboxSpec } from '../spec/sandbox-spec.ts';
import type { SandboxStore } from '../storage/store.ts';

interface LinkParts {
  readonly engine: Engine;
  readonly store: SandboxStore;
  readonly agentSource: AgentSource;
  readonly frames: SharedFrameBudget;
  readonly config: Config;
  readonly egress: Egress;
  readonly onAgentCall?: AgentCallWatcher | undefined;
  readonly imagePrograms: ImagePrograms;
}

interface LinkSubject {
  readonly id: string;
  readonly secret: string;
  readonly spec: SandboxSpec;
  /** True where code of its user may have run: what is heard from inside then says nothing of its image. */
  readonly isAdopted?: boolean;
}

/** The connection to an agent, and what goes over it. */
export interface Links {
  readonly link: AgentLink;
  /** The way out over it, which there is where the sandbox's network is the proxy. */
  readonly egress: SandboxEgress | null;
  /** Where its agent calls, if not over the engine's stream; to be told when the sandbox's folder is renamed. */
  readonly socketFolder: SocketFolder | null;
}

/** The connection to a started sandbox's agent, and what goes over it. */
export function makeLink(parts: LinkParts, engineId: EngineId, subject: LinkSubject): Links {
  const { engine, store, agentSource, frames, config, egress, onAgentCall, imagePrograms } = parts;
  const { id, secret, spec, isAdopted = false } = subject;
  const settings = { ...toAgentSettings(spec, config.preload), programs: imagePrograms.names };
  const notePrograms = (found: readonly string[]) => imagePrograms.note(spec.image, found);
  const socketFolder =
    config.agentTransport === 'socket' && engine.traits.sharesHostFiles
      ? { here: store.socketFolder(id), inside: SOCKET_FOLDER }
      : null;
  const common = {
    ...{ engine, engineId, source: agentSource, secret, settings, socketFolder, frames, onAgentCall },
    ...(isAdopted ? {} : { onPrograms: notePrograms }),
  };
  if (spec.network !== 'proxy') return { link: new AgentLink(common), egress: null, socketFolder };
  const itsEgress = egress.forSandbox(id, narrowingOf(spec));
  return { link: new AgentLink({ ...common, onOpen: itsEgress.onOpen }), egress: itsEgress, socketFolder };
}
