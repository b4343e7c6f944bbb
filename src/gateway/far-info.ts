import { z } from 'zod';
import type { ServerInfo } from '../sandboxes/info.ts';
import type { FarKey, FarSide } from './far-side.ts';

const BYTES_PER_GB = 2 ** 30;

const infoSchema = z.object({
  available: z.boolean(),
  docker_version: z.string(),
  active_sandboxes: z.number(),
  pooled_sandboxes: z.number(),
  max_sandboxes: z.number(),
  host_info: z.object({ disk_free_gb: z.number(), disk_total_gb: z.number() }),
});

const healthSchema = z.object({ docker: z.boolean(), warnings: z.array(z.string()).optional() });

interface FarInfoParts {
  readonly version: string;
  readonly reason: string | null;
  readonly far: FarSide;
  /** What is not right with this server's own settings. */
  warningsOf(farKey: FarKey): readonly string[];
}

/** What a gateway can say of itself: what the other server says. */
export class FarInfo implements ServerInfo {
  readonly version: string;
  readonly engineReason: string | null;
  readonly engineKind = 'remote';
  readonly #far: FarSide;
  readonly #warningsOf: FarInfoParts['warningsOf'];

  constructor({ version, reason, far, warningsOf }: FarInfoParts) {
    this.version = version;
    this.engineReason = reason;
    this.#far = far;
    this.#warningsOf = warningsOf;
  }

  async health(): Promise<{ readonly isWell: boolean; readonly warnings: readonly string[] }> {
    const health = await this.#read('/health', healthSchema);
    const own = this.#warningsOf(await this.#far.farKey().catch(() => 'gateway'));
    if (health !== null) return { isWell: health.docker, warnings: [...own, ...(health.warnings ?? [])] };
    const away = 'The server of SANDBOX_API_URL, which holds the sandboxes, does not answer.';
    return { isWell: false, warnings: [away, ...own] };
  }

  async engineVersion(): Promise<string | null> {
    const info = await this.#read('/info', infoSchema);
    return info?.available === true ? info.docker_version : null;
  }

  async counts() {
    const info = await this.#read('/info', infoSchema);
    const { active_sandboxes: active = 0, pooled_sandboxes: pooled = 0, max_sandboxes: max = 0 } = info ?? {};
    return { active, pooled, max };
  }

  async disk() {
    const { host_info: disk } = (await this.#read('/info', infoSchema)) ?? {};
    const toBytes = (gigabytes = 0) => gigabytes * BYTES_PER_GB;
    return { freeBytes: toBytes(disk?.disk_free_gb), totalBytes: toBytes(disk?.disk_total_gb) };
  }

  async #read<T>(target: string, schema: z.ZodType<T>): Promise<T | null> {
    const answer = await this.#far.read(target).catch(() => null);
    const parsed = schema.safeParse(answer?.body);
    return parsed.success ? parsed.data : null;
  }

  /** The far server's own to know. */
  programs(): undefined {
    return undefined;
  }
}
