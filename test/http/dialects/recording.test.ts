import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDocument } from '../../support/documents.ts';
import { API_KEY, type FakeApp } from '../../support/fake-app.ts';
import { startLocalApp } from '../../support/local-app.ts';

const TEXT = /<text [^>]*fill="(#[0-9a-f]{6})">(.*?)<animate /g;
const COMMAND_FILL = '#9cdcfe';

/** Characters in a line of the recording; a line of so many goes on in the next. */
const COLUMNS = 108;

/** A command that was typed, and the lines that came. */
interface Step {
  readonly command: string;
  readonly lines: readonly string[];
}

function stepsOf(svg: string): Step[] {
  const steps: { command: string; lines: string[] }[] = [];
  let last = '';
  for (const [, fill, xml = ''] of svg.matchAll(TEXT)) {
    const text = xml.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
    const step = steps.at(-1);
    const goesOn = last.length === COLUMNS;
    last = text;
    if (fill === COMMAND_FILL && goesOn && step) step.command += text;
    else if (fill === COMMAND_FILL) steps.push({ command: text, lines: [] });
    else if (goesOn && step && step.lines.length > 0) step.lines.push(`${step.lines.pop()}${text}`);
    else step?.lines.push(text);
  }
  return steps;
}

/** The names of the fields of an answer, or of each event of a stream. */
function fieldsOf(lines: readonly string[]): string[][] {
  return lines.map((line) => Object.keys(JSON.parse(line)));
}

const steps = stepsOf(readDocument('docs/recording.svg'));

let app: FakeApp;

beforeAll(async () => {
  app = await startLocalApp();
});

afterAll(async () => await app.close());

describe('docs/recording.svg', () => {
  it('has the commands that npm run record types', () => {
    const typed = [...readDocument('scripts/record.mjs').matchAll(/^ {2}`(curl .*)`,$/gm)].map(
      ([, line]) => `$ ${line}`,
    );
    expect(typed.length).toBeGreaterThan(0);
    expect(steps.map(({ command }) => command)).toEqual(typed);
  });

  it.each(steps.map((step) => [step.command, step] as const))(
    'has the fields that the server answers: %s',
    async (_, step) => {
      const [, accept] = /-H "Accept: ([^"]+)"/.exec(step.command) ?? [];
      const [, path = '', body = ''] = /\$URL(\S+) -d '(.*)'$/.exec(step.command) ?? [];
      const answer = await app.inject({
        method: 'POST',
        url: path,
        headers: {
          'x-api-key': API_KEY,
          'content-type': 'application/json',
          ...(accept === undefined ? {} : { accept }),
        },
        payload: body,
      });
      expect(answer.statusCode).toBeLessThan(300);
      expect(fieldsOf(step.lines)).toEqual(fieldsOf(answer.body.trimEnd().split('\n')));
    },
  );
});
