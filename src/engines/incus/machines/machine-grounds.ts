import { z } from 'zod';
import { SandboxError } from '../../../base/errors.ts';
import type { EngineSpec } from '../../engine.ts';
import type { ImageGround } from '../image-grounds.ts';
import { findImage, imageEnvironment, noSuchImage } from '../images.ts';
import type { IncusCalls } from '../incus-calls.ts';

const imageSchema = z.object({ type: z.string(), properties: z.record(z.string(), z.string()).nullish() });

/** Finds what virtual machines are made of; nothing is made of an image, as what it lacks can be made in the machine. */
export class MachineGrounds {
  readonly #calls: IncusCalls;

  constructor(calls: IncusCalls) {
    this.#calls = calls;
  }

  /** Throws `invalid` for an image that is not there, is one of containers, or another project's. */
  async of({ image }: Pick<EngineSpec, 'image'>): Promise<ImageGround> {
    const found = await findImage(this.#calls, image);
    if (!found) throw noSuchImage(image);
    const { fingerprint, project } = found;
    const path = `/1.0/images/${fingerprint}?project=${encodeURIComponent(project)}`;
    const { type, properties } = imageSchema.parse(await this.#calls.get('look at the image', path));
    const advice = `incus image copy images:debian/12/cloud local: --vm --target-project ${this.#calls.project} --alias mine`;
    if (type !== 'virtual-machine') {
      const sentence = `The image ${image} is one of containers: sandboxes in virtual machines need one of those, with python3 in it (${advice}, and INCUS_SANDBOX_IMAGE=mine).`;
      throw new SandboxError('invalid', sentence);
    }
    if (project !== this.#calls.project) {
      const sentence = `The image ${image} is in Incus' project ${project}: virtual machines need it in ${this.#calls.project} (${advice}).`;
      throw new SandboxError('invalid', sentence);
    }
    return { ...found, environment: imageEnvironment(properties ?? {}), hasOwnInit: false };
  }
}
