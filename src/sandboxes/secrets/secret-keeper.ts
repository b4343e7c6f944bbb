import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import type { Clock } from '../../async/clock.ts';
import { writeAtomically } from '../../base/atomic-file.ts';
import { SandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import { parsePattern } from '../../egress/pattern.ts';
import { CertificateAuthority } from '../../egress/secrets/authority.ts';
import type { EgressSecret, HeldSecrets } from '../../egress/secrets/secret.ts';
import type { Engine } from '../../engines/engine.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { resolveSpec } from '../spec/sandbox-spec.ts';
import { CERTIFICATE_FILE } from '../spec/secret-environment.ts';
import type { KeptSecret } from '../storage/kept-secret.ts';
import type { SandboxRecord } from '../storage/record.ts';
import type { ServerSecret } from '../storage/server-secret.ts';
import type { SandboxStore } from '../storage/store.ts';
import type { SandboxUsers } from '../users/sandbox-users.ts';
import { Vault } from './vault.ts';

/** Every program of the sandbox reads it. */
const MODE = 0o644;

interface KeeperParts {
  readonly engine: Engine;
  readonly config: Config;
  readonly clock: Clock;
  readonly store: SandboxStore;
  readonly users: SandboxUsers;
  readonly secret: ServerSecret;
  readonly onError: (error: unknown) => void;
}

/** Keeps the values of secrets, and sees that a sandbox which has some reaches their hosts. */
export class SecretKeeper {
  readonly vault: Vault;
  readonly #parts: KeeperParts;
  readonly #authority: CertificateAuthority;

  constructor(parts: KeeperParts) {
    const { secret, clock } = parts;
    this.#parts = parts;
    this.vault = new Vault(secret.derive('values of secrets'));
    this.#authority = new CertificateAuthority(secret.derive('authority of secrets'), clock);
  }

  /** Throws `unsupported` where no file of this machine reaches a sandbox that runs. */
  requirePossible(): void {
    const { traits } = this.#parts.engine;
    if (traits.sharesHostFiles) return;
    const sentence =
      'Secrets do not work on this server: its sandboxes have no files of its machine, so that no certificate of it reaches one that runs. Set them as variables of the environment.';
    throw new SandboxError('unsupported', sentence);
  }

  /** Sees that the sandbox's programs will believe this server where it stands in for a host, if it has secrets. */
  async prepare({ id, asked, secrets }: SandboxRecord): Promise<void> {
    if (secrets.length === 0) return;
    const { engine, config, store, users } = this.#parts;
    const { image } = resolveSpec(config, asked);
    const { certificates } = await users.accountsOf(image, await engine.imageId(image));
    const file = join(store.certificateFolder(id), CERTIFICATE_FILE);
    const known = certificates ?? rootCertificates.join('\n');
    const before = await readFile(file, 'latin1').catch(() => '');
    // Every certificate of this authority is as good as the others: one server after the other need not write anew.
    if (before.startsWith(known) && this.#authority.hasIssued(before.slice(known.length))) return;
    const content = Buffer.from(`${known}\n${await this.#authority.root()}\n`, 'latin1');
    try {
      await writeAtomically(file, content, MODE);
    } catch (cause) {
      throw new SandboxError('unavailable', 'The certificates of the sandbox cannot be written.', { cause });
    }
  }

  /** Gives the values that a sandbox has now to its way out, where it has one. */
  arm({ egress, record }: Sandbox): void {
    egress?.hold(record && record.secrets.length > 0 ? this.#toHeld(record) : null);
  }

  #toHeld({ id, secrets }: SandboxRecord): HeldSecrets {
    return { authority: this.#authority, secrets: secrets.flatMap((kept) => this.#open(id, kept)) };
  }

  #open(sandboxId: string, { name, hosts, header, isInQuery, placeholder, sealed }: KeptSecret): EgressSecret[] {
    const value = this.vault.open(sealed, { sandboxId, name });
    if (value === null) {
      const sentence = `The secret ${name} of sandbox ${sandboxId} was sealed with another key than that of this data folder; set it anew.`;
      this.#parts.onError(new SandboxError('internal', sentence));
      return [];
    }
    const patterns = hosts.map(parsePattern).filter((pattern) => pattern !== undefined);
    return [{ placeholder, value, hosts: patterns, header, isInQuery }];
  }
}
