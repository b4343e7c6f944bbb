import { randomUUID } from 'node:crypto';
import type { Engine, EngineId, EngineSpec } from '../../src/engines/engine.ts';
import { specFor } from './spec-for.ts';

/** An id that no sandbox has. */
export const ABSENT = '0'.repeat(64) as EngineId;

/** An engine, and what the contract needs beside it. */
export interface EngineUnderTest {
  readonly engine: Engine;
  /** An image that is there, with sh and cat. */
  readonly image: string;
  readonly absentImage: string;
  /** Has a sandbox that runs take more memory than it may. */
  exhaustMemory(id: EngineId): Promise<void>;
}

/** The engine that the contract is tried on, and what tests of it do again and again. Its sandboxes carry `labels`. */
export class ContractEngine {
  readonly labels = { 'clara-test.run': randomUUID() };
  readonly #make: () => EngineUnderTest;
  #made: EngineUnderTest | null = null;

  constructor(make: () => EngineUnderTest) {
    this.#make = make;
  }

  get #parts(): EngineUnderTest {
    this.#made ??= this.#make();
    return this.#made;
  }

  get engine(): Engine {
    return this.#parts.engine;
  }

  get image(): string {
    return this.#parts.image;
  }

  get absentImage(): string {
    return this.#parts.absentImage;
  }

  exhaustMemory(id: EngineId): Promise<void> {
    return this.#parts.exhaustMemory(id);
  }

  /** One more engine of this kind. */
  another(): Engine {
    return this.#make().engine;
  }

  create(changes: Partial<EngineSpec> = {}): Promise<EngineId> {
    return this.engine.create(specFor(this.image, this.labels, changes));
  }

  async started(changes: Partial<EngineSpec> = {}): Promise<EngineId> {
    const id = await this.create(changes);
    await this.engine.start(id);
    return id;
  }

  async stateOf(id: EngineId): Promise<string | undefined> {
    return (await this.engine.inspect(id))?.state;
  }

  /** Removes what tests have left. */
  async clear(): Promise<void> {
    for (const { id } of await this.engine.list(this.labels)) await this.engine.remove(id);
  }
}
