import { statfs } from 'node:fs/promises';
import type { Engine, EngineKind } from '../engines/engine.ts';
import type { ImagePrograms } from './spec/image-programs.ts';

/** How many sandboxes run for somebody, wait in the pool, and may be at the most. */
export interface SandboxCounts {
  readonly active: number;
  readonly pooled: number;
  readonly max: number;
}

/** What a server can say of itself, whoever holds its sandboxes. */
export interface ServerInfo {
  readonly version: string;
  readonly engineKind: EngineKind | 'remote';
  readonly engineReason: string | null;
  /** Whether what runs sandboxes answers, and what the operator should mend, a sentence each. */
  health(): Promise<{ readonly isWell: boolean; readonly warnings: readonly string[] }>;
  /** The engine's version; null where it does not answer. */
  engineVersion(): Promise<string | null>;
  counts(): SandboxCounts | Promise<SandboxCounts>;
  /** Which of the programs that languages need the usual image has; undefined where nobody has looked yet. */
  programs(): ReadonlySet<string> | undefined;
  /** Bytes free and in all on the disk of the data folder; zeros where that cannot be read. */
  disk(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
}

interface InfoParts {
  readonly version: string;
  readonly engine: Engine;
  /** Why it is this engine; null where nobody has chosen. */
  readonly engineReason: string | null;
  readonly dataDir: string;
  /** The image of who names none. */
  readonly image: string;
  readonly imagePrograms: ImagePrograms;
  readonly core: { counts(): SandboxCounts; warnings(): readonly string[] };
}

/** What the server can say of itself. */
export class Info implements ServerInfo {
  readonly #parts: InfoParts;

  constructor(parts: InfoParts) {
    this.#parts = parts;
  }

  get version(): string {
    return this.#parts.version;
  }

  /** What the operator should mend, a sentence each. */
  get warnings(): readonly string[] {
    return this.#parts.core.warnings();
  }

  async health() {
    return { isWell: (await this.engineVersion()) !== null, warnings: this.warnings };
  }

  counts(): SandboxCounts {
    return this.#parts.core.counts();
  }

  /** What runs sandboxes, whether it answers or not. */
  get engineKind(): EngineKind {
    return this.#parts.engine.traits.kind;
  }

  /** Why that does, as a sentence; null where nobody has chosen. */
  get engineReason(): string | null {
    return this.#parts.engineReason;
  }

  /** Which of the programs that languages need the usual image has; undefined until it has started a sandbox. */
  programs(): ReadonlySet<string> | undefined {
    return this.#parts.imagePrograms.of(this.#parts.image);
  }

  /** The engine's version; null where it does not answer. */
  async engineVersion(): Promise<string | null> {
    try {
      return (await this.#parts.engine.info()).version;
    } catch {
      return null;
    }
  }

  /** Bytes free and in all on the disk of the data folder; zeros where that cannot be read. */
  async disk(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    const disk = await statfs(this.#parts.dataDir).catch(() => null);
    if (!disk) return { freeBytes: 0, totalBytes: 0 };
    return { freeBytes: disk.bavail * disk.bsize, totalBytes: disk.blocks * disk.bsize };
  }
}
