/** A regular file of an image. */
export interface EngineFile {
  readonly sizeBytes: number;
  /** Null where it has more bytes than were asked for. */
  readonly content: Buffer | null;
}

/** What is to be read of an image. An engine may make a sandbox of this name for it, which never starts. */
export interface ImageReading {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  readonly paths: readonly string[];
  readonly maxBytes: number;
}
