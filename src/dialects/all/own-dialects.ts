import type { Clock } from '../../async/clock.ts';
import { UrlSigner } from '../../auth/url-signer.ts';
import type { Config } from '../../config/config.ts';
import type { PreviewHosts } from '../../http/routing/preview-hosts.ts';
import type { Metrics } from '../../observability/metrics.ts';
import type { SandboxCore } from '../../sandboxes/core.ts';
import { claraDialect } from '../clara/api/clara.ts';
import { cloudDialect } from '../cloud/api/cloud.ts';
import type { Dialect } from '../dialect.ts';
import { e2bDialects } from '../e2b/api/e2b.ts';
import { k2Dialect } from '../k2/api/k2.ts';
import { managerDialect } from '../manager/api/manager.ts';
import { mcpDialect } from '../mcp/api/mcp.ts';
import { metricsDialect } from '../metrics/metrics.ts';

/** What the server's own dialects are made of. */
interface OwnParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly life: Pick<SandboxCore, 'secret' | 'answers' | 'events'>;
  readonly room: Parameters<typeof cloudDialect>[0]['room'];
  readonly hosts: PreviewHosts;
  readonly metrics: Metrics;
}

/** The dialects that the server speaks, the native one first. */
export function ownDialects({ config, clock, life, room, hosts, metrics }: OwnParts): readonly Dialect[] {
  const signer = new UrlSigner(life.secret.derive('signed URLs'), config.apiKeys);
  const { answers } = life;
  const clara = claraDialect({ ...config, jsonLimitBytes: config.bodyLimitBytes, answers, signer, clock, hosts });
  return [
    clara,
    k2Dialect(config),
    managerDialect({ ...config, hosts }),
    cloudDialect({ ...config, secret: life.secret, clock, room }),
    mcpDialect({ ...config, signer, clock, hosts }),
    ...e2bDialects({ ...config, clock, hosts, events: life.events }),
    metricsDialect(metrics, config, clara),
  ];
}
