import { isSandboxError } from '../../base/errors.ts';
import type { Engine } from '../../engines/engine.ts';

/** How often the engine is asked, in milliseconds; it answers in about one. */
const INTERVAL_MS = 1_000;

interface ImageWatchParts {
  readonly engine: Engine;
  /** The name of the image. */
  readonly image: string;
  /** Called with what the image is, each time that it was looked up and is there. */
  readonly onSeen: (imageId: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Looks again and again what an image is that may be built or pulled anew under its name. One question is under way at a time. */
export class ImageWatch {
  readonly #parts: ImageWatchParts;
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;

  constructor(parts: ImageWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#look(), INTERVAL_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { engine, image, onSeen, onError } = this.#parts;
    try {
      const imageId = await engine.imageId(image);
      if (imageId !== null) onSeen(imageId);
    } catch (error) {
      // An engine that does not answer has built nothing.
      if (!isSandboxError(error, 'unavailable') && !isSandboxError(error, 'timeout')) onError(error);
    } finally {
      this.#isAsking = false;
    }
  }
}
