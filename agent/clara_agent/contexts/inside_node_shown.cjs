// Part of the JavaScript of a context (inside_node.cjs): what values and errors are shown as, within bounds.
const util = require('node:util');

const MAX_TEXT = 25_000;
const MAX_HTML = 200 << 10;
const MAX_PICTURE = 5 << 20;
const MAX_JSON = 64 << 10;
const MAX_TRACEBACK = 64 << 10;
const PICTURES = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47]],
  ['image/jpeg', [0xff, 0xd8, 0xff]],
  ['image/gif', [0x47, 0x49, 0x46, 0x38]],
];
/** Methods by which libraries for notebooks offer what a value looks like. */
const OFFERS = {
  _toHtml: 'text/html',
  _toSvg: 'image/svg+xml',
  _toPng: 'image/png',
  _toJpeg: 'image/jpeg',
  _repr_html_: 'text/html',
  _repr_markdown_: 'text/markdown',
  _repr_svg_: 'image/svg+xml',
  _repr_png_: 'image/png',
  _repr_json_: 'application/json',
};
const BUNDLE = Symbol.for('Jupyter.display');
const FRAME = /^\s+at /;
const OWN = 'node:clara/';

/** A value in all its representations, each within its bound, or a promise of them; `cut` is called where one is too large. */
function toBundle(value, cut) {
  const bundle = {};
  const promised = [];
  let isOffered = false;
  const add = (mime, content) => {
    if (typeof content?.then === 'function') {
      promised.push(
        content.then(
          (each) => add(mime, each),
          () => {},
        ),
      );
      return;
    }
    if (content !== undefined && content !== null) isOffered ||= mime !== 'text/plain';
    const kept = bounded(String(mime), content, cut);
    if (kept !== undefined) bundle[mime] = kept;
  };
  const addAll = (bundles) => {
    if (typeof bundles?.then === 'function') promised.push(bundles.then(addAll, () => {}));
    else if (typeof bundles === 'object')
      for (const [mime, content] of Object.entries(bundles ?? {})) add(mime, content);
  };
  add('text/plain', inspect(value));
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return bundle;
  const picture =
    value instanceof Uint8Array && PICTURES.find(([, magic]) => magic.every((byte, at) => value[at] === byte));
  if (picture) add(picture[0], value);
  for (const [name, mime] of Object.entries(OFFERS)) add(mime, offered(value, name));
  if (value.constructor?.name === 'Canvas') add('image/png', offered(value, 'toBuffer', 'image/png'));
  for (const name of [BUNDLE, '_toMime', '_repr_mimebundle_']) addAll(offered(value, name));
  if (promised.length > 0) return Promise.all(promised).then(() => bundle);
  if (!isOffered && isPlain(value)) add('application/json', toJson(value));
  return bundle;
}

/** What a method of the value gives; undefined where it has none, or that fails. */
function offered(value, name, ...parameters) {
  try {
    return typeof value[name] === 'function' ? value[name](...parameters) : undefined;
  } catch {
    return undefined;
  }
}

function inspect(value) {
  try {
    return util.inspect(value);
  } catch (error) {
    return `[cannot be shown: ${textOf(error)}]`;
  }
}

function isPlain(value) {
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The value as JSON has it, where that is short; undefined where JSON cannot have it. */
function toJson(value) {
  try {
    const text = JSON.stringify(value);
    return text !== undefined && text.length <= MAX_JSON ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

function bounded(mime, content, cut) {
  if (content === undefined || content === null) return undefined;
  if (content instanceof Uint8Array) {
    const encoded = Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('base64');
    return content.length <= MAX_PICTURE ? encoded : cut();
  }
  if (typeof content !== 'string') {
    const text = JSON.stringify(content);
    return text !== undefined && text.length <= MAX_PICTURE ? content : cut();
  }
  if (mime.startsWith('text/') && mime !== 'text/html') {
    if (content.length <= MAX_TEXT) return content;
    cut();
    return `${content.slice(0, MAX_TEXT - 1)}…`;
  }
  const most = mime === 'text/html' ? MAX_HTML : mime.startsWith('image/') ? (MAX_PICTURE * 4) / 3 + 4 : MAX_PICTURE;
  return content.length <= most ? content : cut();
}

/** What is thrown, as `error` tells it: a value that is no error is `Uncaught`. */
function toError(thrown, { code, details }) {
  if (!util.types.isNativeError(thrown) && !(thrown instanceof Error)) {
    const text = inspect(thrown);
    return { name: 'Uncaught', value: text.slice(0, MAX_TEXT), traceback: within(`Uncaught ${text}`.split('\n')) };
  }
  // One without frames stands in brackets.
  const lines = inspect(thrown)
    .replace(/^\[(.*)\]$/, '$1')
    .split('\n');
  if (thrown instanceof SyntaxError && details && !lines.some((line) => FRAME.test(line))) {
    const { lineNumber, columnNumber } = details;
    const line = code.split('\n')[lineNumber];
    if (line !== undefined && line.length <= MAX_TEXT)
      lines.unshift(`line ${lineNumber + 1}`, line, `${' '.repeat(columnNumber)}^`);
  }
  return {
    name: String(thrown.name).slice(0, 1000),
    value: textOf(thrown).slice(0, MAX_TEXT),
    traceback: within(lines),
  };
}

function within(lines) {
  let left = MAX_TRACEBACK;
  return lines.filter((line) => {
    left -= line.length + 1;
    return left >= 0;
  });
}

function textOf(error) {
  try {
    return String(error.message);
  } catch {
    return '';
  }
}

/** Stacks as Node has them, without the frames by which a cell is run, which stand below its own. */
function prepareStack(error, frames) {
  const below = frames.findIndex(
    (frame) => frame.getFileName() === 'node:inspector' || frame.getMethodName() === '_tickCallback',
  );
  const own = (below < 0 ? frames : frames.slice(0, below)).filter((frame) => !frame.getFileName()?.startsWith(OWN));
  return [Error.prototype.toString.call(error), ...own.map((frame) => `    at ${frame}`)].join('\n');
}

module.exports = { prepareStack, toBundle, toError };
