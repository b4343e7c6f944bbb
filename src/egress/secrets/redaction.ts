import { Transform, type TransformCallback } from 'node:stream';
import type { Replacement } from './filled-request.ts';
import type { EgressSecret } from './secret.ts';
import { writtenForms } from './written-forms.ts';

interface Needle {
  readonly bytes: Buffer;
  readonly replacement: Buffer;
}

/** Takes the values of secrets out of what a host answers, as they are and as JSON and URLs write them. */
export class Redaction {
  /** Longest first: a value that begins with another one is found whole. */
  readonly #needles: readonly Needle[];

  /** `more`: what was sent to the host in another form. */
  constructor(secrets: readonly EgressSecret[], more: readonly Replacement[]) {
    const found = new Map<string, string>();
    for (const { value, placeholder } of secrets) {
      for (const form of writtenForms(value)) found.set(form, placeholder);
    }
    for (const { value, placeholder } of more) found.set(value, placeholder);
    this.#needles = [...found]
      .map(([value, placeholder]) => ({ bytes: Buffer.from(value), replacement: Buffer.from(placeholder) }))
      .sort((one, other) => other.bytes.length - one.bytes.length);
  }

  /** A header or the reason of a status, a character for each byte, without them. */
  text(text: string): string {
    const [clean] = this.replace(Buffer.from(text, 'latin1'), true);
    return clean.toString('latin1');
  }

  /** A stream of bytes without them; holds back only what may be the beginning of one. */
  stream(): Transform {
    return new RedactedStream(this);
  }

  /** What is clean of these bytes, and the rest, which more bytes have to follow; none is left where these are the last. */
  replace(bytes: Buffer, isLast: boolean): readonly [Buffer, Buffer] {
    const clean: Buffer[] = [];
    const open = isLast ? bytes.length : this.#openFrom(bytes);
    // Each is looked for once behind the last match, or many short ones would cost their square.
    const nextOf = this.#needles.map(({ bytes: needle }) => bytes.indexOf(needle));
    let at = 0;
    for (;;) {
      const first = this.#firstOf(nextOf);
      // What begins there may be a longer one.
      if (!first || first.at >= open) break;
      if (first.at > at) clean.push(bytes.subarray(at, first.at));
      clean.push(first.needle.replacement);
      at = first.at + first.needle.bytes.length;
      for (const [index, { bytes: needle }] of this.#needles.entries()) {
        const next = nextOf[index] ?? -1;
        if (next >= 0 && next < at) nextOf[index] = bytes.indexOf(needle, at);
      }
    }
    const rest = Math.max(at, open);
    clean.push(bytes.subarray(at, rest));
    return [Buffer.concat(clean), bytes.subarray(rest)];
  }

  #firstOf(nextOf: readonly number[]): { readonly at: number; readonly needle: Needle } | null {
    let first: { at: number; needle: Needle } | null = null;
    for (const [index, needle] of this.#needles.entries()) {
      const at = nextOf[index] ?? -1;
      if (at >= 0 && (first === null || at < first.at)) first = { at, needle };
    }
    return first;
  }

  /** Where the longest end of these bytes begins that is the beginning of something to be taken out. */
  #openFrom(bytes: Buffer): number {
    let open = bytes.length;
    for (const { bytes: needle } of this.#needles) {
      const [start = 0] = needle;
      let at = bytes.indexOf(start, Math.max(0, bytes.length - needle.length + 1));
      while (at >= 0 && at < open) {
        if (bytes.subarray(at).equals(needle.subarray(0, bytes.length - at))) open = at;
        at = bytes.indexOf(start, at + 1);
      }
    }
    return open;
  }
}

class RedactedStream extends Transform {
  readonly #redaction: Redaction;
  #rest: Buffer = Buffer.alloc(0);

  constructor(redaction: Redaction) {
    super();
    this.#redaction = redaction;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const [clean, rest] = this.#redaction.replace(bytes, false);
    this.#rest = Buffer.from(rest);
    done(null, clean);
  }

  override _flush(done: TransformCallback): void {
    const [clean] = this.#redaction.replace(this.#rest, true);
    done(null, clean);
  }
}
