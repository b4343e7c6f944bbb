/** A part of a tool's answer. */
export type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly data: string; readonly mimeType: string };

/** Texts on lines of their own; undefined ones and empty ones are left out. */
export function joinTexts(...parts: readonly (string | undefined)[]): string {
  const present = parts.filter((part) => part !== undefined && part !== '');
  const last = present.pop() ?? '';
  return [...present.map((part) => withoutBreak(part ?? '')), last].join('\n');
}

/** The same as a part of an answer. */
export function textBlock(...parts: readonly (string | undefined)[]): Block {
  return { type: 'text', text: withoutBreak(joinTexts(...parts)) };
}

function withoutBreak(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

/** How pictures begin that models can look at. */
const PICTURES: readonly { readonly mimeType: string; readonly begin: RegExp }[] = [
  { mimeType: 'image/png', begin: /^.PNG\r\n/ },
  { mimeType: 'image/jpeg', begin: /^\xff\xd8\xff/ },
  { mimeType: 'image/gif', begin: /^GIF8[79]a/ },
  { mimeType: 'image/webp', begin: /^RIFF[\s\S]{4}WEBP/ },
];

/** The types of pictures that models can look at. */
export const PICTURE_TYPES: readonly string[] = PICTURES.map(({ mimeType }) => mimeType);

/** The type of a picture that begins with these bytes; undefined where it is none. */
export function pictureType(head: Buffer): string | undefined {
  const text = head.toString('latin1', 0, 16);
  return PICTURES.find(({ begin }) => begin.test(text))?.mimeType;
}

/** A size for a person. */
export function showBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length);
  const value = bytes / 1024 ** power;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power - 1]}`;
}
