import type { EngineId } from '../engine.ts';
import { meaningOf } from './errors.ts';
import { USUAL_PROJECT } from './images.ts';
import type { IncusCalls } from './incus-calls.ts';
import { newInstanceName, searchInstances } from './instances.ts';
import { labelKey } from './keys.ts';

/**
 * The instances of images that are being prepared. They carry the labels of the sandbox that they are for, by which the next server finds
 * what one has left that was killed meanwhile; this one does not list its own.
 */
export class Preparations {
  readonly #ids = new Set<string>();
  #isSwept = false;

  /** True while one of this process is at work in it. */
  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Names an instance for a preparation while that lasts. */
  async run<T>(work: (id: EngineId) => Promise<T>): Promise<T> {
    const id = newInstanceName();
    this.#ids.add(id);
    try {
      return await work(id);
    } finally {
      this.#ids.delete(id);
    }
  }

  /** Removes, once, what carries these labels in Incus' usual project, where no sandbox is. */
  async sweep(calls: IncusCalls, labels: Readonly<Record<string, string>>): Promise<void> {
    const wanted = Object.entries(labels).map(([label, value]) => [labelKey(label), value] as const);
    if (this.#isSwept || calls.project === USUAL_PROJECT || wanted.length === 0) return;
    try {
      for (const { name } of await searchInstances(calls, wanted, USUAL_PROJECT)) {
        if (!this.has(name)) await removeUsual(calls, name);
      }
    } catch (error) {
      // A server of another machine is let into its own project only, and makes nothing there.
      if (meaningOf(error) !== 'not-allowed') throw error;
    }
    this.#isSwept = true;
  }
}

/** Removes an instance of the usual project, which never runs; succeeds where it is absent. */
export async function removeUsual(calls: IncusCalls, id: string): Promise<void> {
  const path = `/1.0/instances/${id}?project=${USUAL_PROJECT}`;
  await calls.change('remove what a preparation has left', 'DELETE', path).catch((error: unknown) => {
    if (meaningOf(error) !== 'not-found') throw error;
  });
}
