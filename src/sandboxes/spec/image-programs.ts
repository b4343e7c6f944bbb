/** Which programs the images of sandboxes have, of those that languages need: what their agents say before any code of a user runs. */
export class ImagePrograms {
  /** The programs that agents look for. */
  readonly names: readonly string[];
  readonly #found = new Map<string, ReadonlySet<string>>();

  constructor(names: readonly string[]) {
    this.names = names;
  }

  /** Notes what an agent has found in the image of its sandbox. */
  note(image: string, found: readonly string[]): void {
    this.#found.set(image, new Set(found.filter((name) => this.names.includes(name))));
  }

  /** Those of an image; undefined where it has started no sandbox yet. */
  of(image: string): ReadonlySet<string> | undefined {
    return this.#found.get(image);
  }
}
