/** A value as the JSON that code wrote it as: read and written again, 1.0 would be 1, which is another type to clients in Python. */
export class JsonText {
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  /** Null for what is no JSON, or takes more than a line. */
  static of(text: string): JsonText | null {
    try {
      JSON.parse(text);
    } catch {
      return null;
    }
    return /[\r\n]/.test(text) ? null : new JsonText(text);
  }
}

/** An object as JSON; what it has as JSON already stays as it is. */
export function stringify(object: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(object)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${JSON.stringify(key)}:${value instanceof JsonText ? value.text : JSON.stringify(value)}`);
  return `{${fields.join(',')}}`;
}
