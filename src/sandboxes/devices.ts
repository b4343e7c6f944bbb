import { SandboxError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import type { Engine } from '../engines/engine.ts';

/** `all`, how many, or ids with commas between. */
const GPUS = /^(?:all|[1-9]\d?|[A-Za-z][\w:.-]*(?:,[A-Za-z][\w:.-]*)*)$/;

interface DevicesParts {
  readonly engine: Engine;
  readonly config: Config;
}

/** Devices of the machine that sandboxes may have. */
export class Devices {
  readonly #parts: DevicesParts;

  constructor(parts: DevicesParts) {
    this.#parts = parts;
  }

  /** Throws `invalid` with the field `gpu` where a create asks for devices that it cannot have. */
  async require(gpus: string): Promise<void> {
    const { engine, config } = this.#parts;
    if (!config.allowsDevices) throw refused('must be absent: this server gives no devices to sandboxes (SANDBOX_GPU)');
    if (!(await engine.info()).hasGpus) throw refused(`must be absent: ${engine.traits.label} has no devices here`);
    if (!GPUS.test(gpus)) throw refused('must be all, how many, or ids of devices with commas between');
  }
}

function refused(why: string): SandboxError {
  return new SandboxError('invalid', `gpu ${why}.`, { field: 'gpu' });
}
