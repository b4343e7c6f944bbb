import { toHeaderText } from './filled-request.ts';

type Write = (text: string) => string;

const BEYOND_ASCII = /[\x7f-\uffff]/g;

const json: Write = (text) => JSON.stringify(text).slice(1, -1);
const slashed: Write = (text) => text.replaceAll('/', '\\/');
const escaped = (text: string, characters: RegExp, isUpper = false) =>
  text.replace(characters, (character) => {
    const hex = character.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${isUpper ? hex.toUpperCase() : hex}`;
  });

/** What libraries write by default, and PHP also as it is often told to. */
const JSON_WRITERS: readonly Write[] = [
  // JavaScript, Rust; then Python and Ruby, PHP, Go, Gson, Jackson, System.Text.Json.
  json,
  (text) => escaped(json(text), BEYOND_ASCII),
  (text) => slashed(escaped(json(text), BEYOND_ASCII)),
  (text) => slashed(json(text)),
  (text) => escaped(slashed(escaped(json(text), BEYOND_ASCII)), /[<>&']/g, true),
  (text) => escaped(json(text), /[<>&]/g),
  (text) => escaped(json(text), /[<>&'=]/g),
  (text) => escaped(json(text), BEYOND_ASCII, true),
  (text) => escaped(json(text).replaceAll('\\"', '\\u0022'), /[<>&'+`\x7f-\uffff]/g, true),
];

const quoted: Write = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

const URL_WRITERS: readonly Write[] = [
  encodeURIComponent,
  quoted,
  (text) => quoted(text).replaceAll('%2F', '/'),
  (text) => quoted(text).replaceAll('%20', '+'),
  (text) => encodeURIComponent(text).replace(/%[0-9A-F]{2}/g, (found) => found.toLowerCase()),
];

/** A value as it is and as URLs and JSON write it; beyond ASCII also as servers write it that take each byte of a header for a character. */
export function writtenForms(value: string): ReadonlySet<string> {
  const texts = [value, toHeaderText(value)];
  const inJson = texts.flatMap((text) => [text, ...JSON_WRITERS.map((write) => write(text))]);
  return new Set([...inJson, ...URL_WRITERS.map((write) => write(value))]);
}
