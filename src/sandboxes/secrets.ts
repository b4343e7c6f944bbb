import { SandboxError } from '../base/errors.ts';
import { randomName } from '../base/random-name.ts';
import type { Config } from '../config/config.ts';
import { parsePattern } from '../egress/pattern.ts';
import type { SandboxRef } from './asked/ref.ts';
import { type Changes, requireExisting } from './changes/changes.ts';
import type { Sandbox } from './registry/sandbox.ts';
import type { SecretKeeper } from './secrets/secret-keeper.ts';
import { resolveSpec } from './spec/sandbox-spec.ts';
import type { KeptSecret } from './storage/kept-secret.ts';
import type { SandboxRecord } from './storage/record.ts';
import type { SandboxStore } from './storage/store.ts';

/** Secrets of one sandbox. */
const MAX_SECRETS = 64;

const PLACEHOLDER = 'clara-secret-';
const PLACEHOLDER_CHARACTERS = 32;

const HTTPS_PORT = 443;

/** What is said of a secret beside its value. */
export type SecretTerms = Pick<KeptSecret, 'name' | 'hosts' | 'header' | 'isInQuery'>;

interface SecretsParts {
  readonly config: Config;
  readonly changes: Pick<Changes, 'findExisting' | 'exclusively'>;
  readonly store: Pick<SandboxStore, 'write'>;
  readonly keeper: Pick<SecretKeeper, 'vault' | 'requirePossible' | 'prepare' | 'arm'>;
}

/** What programs of a sandbox use and never see. Each method throws `not_found` where there is no sandbox, or another principal's. */
export class Secrets {
  readonly #parts: SecretsParts;

  constructor(parts: SecretsParts) {
    this.#parts = parts;
  }

  /** The secrets of a sandbox, by name, without their values. */
  async list(ref: SandboxRef): Promise<readonly SecretTerms[]> {
    const { record } = await this.#parts.changes.findExisting(ref);
    return [...(record?.secrets ?? [])].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /**
   * Sets a secret, or another value and other terms of one that is there, whose placeholder stays; resolves once that is on disk.
   * Throws `conflict` where the sandbox has no way out through this server, or too many secrets.
   */
  async set(ref: SandboxRef, terms: SecretTerms, value: string): Promise<void> {
    const hosts = [...new Set(terms.hosts.map(withPort))];
    const { keeper, config } = this.#parts;
    keeper.requirePossible();
    await this.#change(ref, (record) => {
      if (resolveSpec(config, record.asked).network !== 'proxy') throw noProxy();
      const known = record.secrets.find(({ name }) => name === terms.name);
      const others = record.secrets.filter((secret) => secret !== known);
      if (others.length >= MAX_SECRETS) throw tooMany();
      const placeholder = known?.placeholder ?? `${PLACEHOLDER}${randomName(PLACEHOLDER_CHARACTERS)}`;
      const sealed = keeper.vault.seal(value, { sandboxId: record.id, name: terms.name });
      return [...others, { ...terms, hosts, placeholder, sealed }];
    });
  }

  /** Forgets a secret; throws `not_found` where there is none of this name. */
  async remove(ref: SandboxRef, name: string): Promise<void> {
    await this.#change(ref, (record) => {
      const others = record.secrets.filter((secret) => secret.name !== name);
      if (others.length < record.secrets.length) return others;
      throw new SandboxError('not_found', 'The sandbox has no secret of this name.');
    });
  }

  async #change(ref: SandboxRef, change: (record: SandboxRecord) => KeptSecret[]): Promise<void> {
    const { changes } = this.#parts;
    const sandbox = await changes.findExisting(ref);
    await changes.exclusively(sandbox, () => this.#apply(sandbox, change));
  }

  async #apply(sandbox: Sandbox, change: (record: SandboxRecord) => KeptSecret[]): Promise<void> {
    const { keeper, store } = this.#parts;
    requireExisting(sandbox);
    if (!sandbox.record) return;
    const secrets = change(sandbox.record);
    // Before any program is told of them.
    await keeper.prepare({ ...sandbox.record, secrets });
    // Not the copy: uses are counted and contexts noted meanwhile.
    sandbox.record = { ...sandbox.record, secrets };
    await store.write(sandbox.record);
    keeper.arm(sandbox);
  }
}

/** A host as it is kept: in lower case, with its port. Throws `invalid` for what names no host. */
function withPort(text: string): string {
  const pattern = parsePattern(text);
  const isName = pattern?.kind === 'name' || pattern?.kind === 'below';
  if (!isName || (pattern.hasPorts && pattern.from !== pattern.to)) {
    const what = 'must be names such as api.example.org or *.example.org, each with one port if wanted (443 if not)';
    throw new SandboxError('invalid', `hosts ${what}.`, { field: 'hosts' });
  }
  const name = pattern.kind === 'name' ? pattern.name : `*${pattern.suffix}`;
  return `${name}:${pattern.hasPorts ? pattern.from : HTTPS_PORT}`;
}

function noProxy(): SandboxError {
  const sentence =
    'Secrets are put in on the way out through this server, and the network of this sandbox does not lead there: set it to proxy.';
  return new SandboxError('conflict', sentence);
}

function tooMany(): SandboxError {
  return new SandboxError('conflict', `A sandbox has ${MAX_SECRETS} secrets at the most; remove one first.`);
}
