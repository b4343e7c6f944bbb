/** The longest line that is kept whole, in characters. */
const MAX_LINE = 16_384;

/** Cuts output into lines as it comes; a line that is too long is several. */
export class OutputLines {
  #rest = '';

  /** True where nothing waits for the end of its line. */
  get isEmpty(): boolean {
    return this.#rest === '';
  }

  /** The lines that are whole with this text. */
  push(text: string): readonly string[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    const whole = lines.flatMap(toPieces);
    while (this.#rest.length > MAX_LINE) {
      whole.push(this.#rest.slice(0, MAX_LINE));
      this.#rest = this.#rest.slice(MAX_LINE);
    }
    return whole;
  }

  /** What waits, as the last line; nothing where nothing does. */
  end(): readonly string[] {
    const rest = this.#rest;
    this.#rest = '';
    return rest === '' ? [] : [rest];
  }
}

function toPieces(line: string): readonly string[] {
  const text = line.replace(/\r$/, '');
  if (text.length <= MAX_LINE) return [text];
  return Array.from({ length: Math.ceil(text.length / MAX_LINE) }, (_none, at) =>
    text.slice(at * MAX_LINE, (at + 1) * MAX_LINE),
  );
}
