// @ts-check

/**
 * The program of a thread that parses one JSON text: the thread is given its bytes and answers once. Plain JavaScript, as a thread of
 * Node 20 loads no TypeScript, and CommonJS, which starts sooner.
 */
const { parentPort, workerData } = require('node:worker_threads');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What stands before a value. */
const COMMA = 0x2c;
const LIST = 0x5b;
const OBJECT = 0x7b;

/**
 * What a thread is given.
 * @typedef {{ readonly bytes: Uint8Array, readonly maxValues: number }} JsonTask
 */

/**
 * What a thread answers; `value` is null where there is a problem.
 * @typedef {{ readonly value: unknown, readonly problem: 'encoding' | 'invalid' | 'values' | null }} JsonAnswer
 */

/**
 * The value of a JSON text, which is counted first: while values are made, nothing could end the thread.
 * @param {JsonTask} task
 * @returns {JsonAnswer}
 */
function readJson({ bytes, maxValues }) {
  if (countValues(bytes, maxValues) > maxValues) return { value: null, problem: 'values' };
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { value: null, problem: 'encoding' };
  }
  try {
    return { value: JSON.parse(text, withoutPrototypes), problem: null };
  } catch {
    return { value: null, problem: 'invalid' };
  }
}

/**
 * Lists, objects and their members of a JSON text; where there are more than `most`, one more than that.
 * @param {Uint8Array} bytes
 * @param {number} most
 */
function countValues(bytes, most) {
  let values = 0;
  for (let at = 0; at < bytes.length && values <= most; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfText(bytes, at);
    else if (byte === COMMA || byte === LIST || byte === OBJECT) values += 1;
  }
  return values;
}

/**
 * Where the text between quotes ends that begins at `start`; the length of all where it does not.
 * @param {Uint8Array} bytes
 * @param {number} start
 */
function endOfText(bytes, start) {
  for (let at = start + 1; ; at += 1) {
    at = bytes.indexOf(QUOTE, at);
    if (at < 0) return bytes.length;
    let backslashes = 0;
    while (bytes[at - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
}

/**
 * Takes from an object, for JSON.parse, what could reach the prototypes of others.
 * @param {string} _key
 * @param {unknown} value
 */
function withoutPrototypes(_key, value) {
  if (value !== null && typeof value === 'object') {
    if (Object.hasOwn(value, '__proto__')) Reflect.deleteProperty(value, '__proto__');
    if (Object.hasOwn(value, 'constructor')) Reflect.deleteProperty(value, 'constructor');
  }
  return value;
}

module.exports = { readJson, countValues, endOfText, withoutPrototypes };

if (parentPort !== null && workerData?.bytes instanceof Uint8Array) parentPort.postMessage(readJson(workerData));
