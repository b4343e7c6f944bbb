import type { AgentSource } from '../../agent/link/source.ts';
import type { SharedFrameBudget } from '../../agent/wire/frame-budget.ts';
import type { Clock } from '../../async/clock.ts';
import type { Config } from '../../config/config.ts';
import type { Egress } from '../../egress/connections/egress.ts';
import type { Engine } from '../../engines/engine.ts';
import type { FirstAnswers } from '../../idempotency/first-answers.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import type { Capacity } from '../placement/capacity.ts';
import type { Pool } from '../placement/pool.ts';
import type { SecretKeeper } from '../secrets/secret-keeper.ts';
import type { ImagePrograms } from '../spec/image-programs.ts';
import type { SandboxStore } from '../storage/store.ts';
import type { SandboxUsers } from '../users/sandbox-users.ts';
import type { Attachments } from '../volumes/attachments.ts';

/** What the verbs on a sandbox stand on. */
export interface LifecycleParts {
  readonly engine: Engine;
  readonly store: SandboxStore;
  readonly users: SandboxUsers;
  readonly answers: FirstAnswers;
  readonly secrets: SecretKeeper;
  readonly agentSource: AgentSource;
  readonly frames: SharedFrameBudget;
  readonly config: Config;
  readonly egress: Egress;
  readonly imagePrograms: ImagePrograms;
  readonly clock: Clock;
  readonly instance: string;
  readonly capacity: Capacity;
  readonly pool: Pool;
  readonly attachments: Attachments;
  readonly events: CoreEvents;
  readonly onError: (error: unknown) => void;
}
