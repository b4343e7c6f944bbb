import { AgentLink } from '../agent/link.ts';
import type { AgentSource } from '../agent/source.ts';
import type { Config } from '../config.ts';
import type { Egress, SandboxEgress } from '../egress/egress.ts';
import { parsePattern } from '../egress/pattern.ts';
import type { Engine, EngineId } from '../engines/engine.ts';
import { toAgentSettings } from './layout.ts';
import { networkModeOf } from './network-mode.ts';
import type { SandboxOverrides } from './record.ts';

interface LinkParts {
  readonly engine: Engine;
  readonly agentSource: AgentSource;
  readonly config: Config;
  readonly egress: Egress;
}

interface LinkSubject {
  readonly id: string;
  readonly secret: string;
  readonly overrides: SandboxOverrides;
}

/** The line to a started sandbox's agent, and the way out over it, which there is where its network is the proxy. */
export function makeLink(
  parts: LinkParts,
  engineId: EngineId,
  subject: LinkSubject,
): { readonly link: AgentLink; readonly egress: SandboxEgress | null } {
  const { engine, agentSource, config, egress } = parts;
  const { id, secret, overrides } = subject;
  const settings = toAgentSettings(config, overrides);
  if (networkModeOf(config, overrides) !== 'proxy') {
    return { link: new AgentLink(engine, engineId, agentSource, secret, settings), egress: null };
  }
  const narrowing = overrides.egressAllow?.map(parsePattern).filter((pattern) => pattern !== undefined);
  const itsEgress = egress.forSandbox(id, narrowing);
  const link = new AgentLink(engine, engineId, agentSource, secret, settings, itsEgress.onOpen);
  return { link, egress: itsEgress };
}
