/** Characters in a line; longer ones go on in the next. */
const COLUMNS = 108;
const LINE_PX = 19;
const CHARACTER_PX = 8.1;
const PADDING_PX = 16;

/** How long a command is typed and its output then looked at, in seconds. */
const TYPING_SECONDS = 1.2;
const READING_SECONDS = 1.8;

/** How long the last picture stays, in seconds. */
const REST_SECONDS = 6;

/**
 * @typedef {{command: string, output: string, tookMs: number}} Step
 */

/**
 * A terminal as an SVG image that plays by itself, again and again: each command, then what came after as long as it took.
 * @param {readonly Step[]} steps
 */
export function toAnimation(steps) {
  /** @type {{text: string, isCommand: boolean, atSeconds: number}[]} */
  const lines = [];
  let seconds = 0.5;
  for (const { command, output, tookMs } of steps) {
    for (const text of wrap(`$ ${command}`)) lines.push({ text, isCommand: true, atSeconds: seconds });
    seconds += TYPING_SECONDS + tookMs / 1000;
    for (const text of output.split('\n').flatMap(wrap)) lines.push({ text, isCommand: false, atSeconds: seconds });
    seconds += READING_SECONDS;
  }
  const total = seconds + REST_SECONDS;
  const width = Math.ceil(COLUMNS * CHARACTER_PX + 2 * PADDING_PX);
  const height = lines.length * LINE_PX + 2 * PADDING_PX;
  const texts = lines.map(({ text, isCommand, atSeconds }, index) => {
    const begin = (atSeconds / total).toFixed(4);
    const y = PADDING_PX + (index + 0.75) * LINE_PX;
    const shown = `<animate attributeName="opacity" values="0;1;1" keyTimes="0;${begin};1" calcMode="discrete" dur="${total.toFixed(1)}s" repeatCount="indefinite"/>`;
    return `<text x="${PADDING_PX}" y="${y}" fill="${isCommand ? '#9cdcfe' : '#d4d4d4'}">${toXml(text)}${shown}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    '<title>Commands in a terminal, and what the server answers</title>',
    '<rect width="100%" height="100%" rx="8" fill="#1e1e1e"/>',
    '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13.5" xml:space="preserve">',
    ...texts,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/**
 * @param {string} line
 * @returns {string[]}
 */
function wrap(line) {
  const parts = [];
  for (let at = 0; at < Math.max(1, line.length); at += COLUMNS) parts.push(line.slice(at, at + COLUMNS));
  return parts;
}

/** @param {string} text */
function toXml(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
