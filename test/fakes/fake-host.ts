import type { EngineUser } from '../../src/engines/engine.ts';

/** What a fake engine has of its machine; each call enters the engine first. */
export class FakeHost {
  readonly #enter: () => Promise<void>;

  constructor(enter: () => Promise<void>) {
    this.#enter = enter;
  }

  /** Whoever runs the tests, who can give folders to nobody else. */
  async userOf(_user: EngineUser): Promise<EngineUser> {
    await this.#enter();
    return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  }

  async closeToBridges(): Promise<string | null> {
    await this.#enter();
    return null;
  }
}
