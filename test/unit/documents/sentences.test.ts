import { describe, expect, it } from 'vitest';
import { documents, type ProseLine, proseOf, readDocument } from '../../support/documents.ts';

const ITEM = /^\s*(?:[-*>]|\d+\.) /;

/** The end of a sentence with another one behind it. */
const ANOTHER = /[.!?][)"*_]* +(?=[A-Z`[(*"])/;

/** What a line ends with that is whole: a sentence, or what a list or a block follows. */
const WHOLE = /[.!?:;][)"*_`]*$/;

function linesWithSeveral(text: string): number[] {
  return proseOf(text)
    .filter((line) => ANOTHER.test(line.text.replace(ITEM, '')))
    .map(({ number }) => number);
}

/** Lines that go on in the next one, which begins no item and no paragraph. */
function brokenLines(text: string): number[] {
  const lines = proseOf(text);
  const goesOn = (line: ProseLine, index: number) => {
    const next = lines[index + 1];
    if (next?.number !== line.number + 1 || next.text.trim() === '' || line.text.trim() === '') return false;
    return !ITEM.test(next.text) && !WHOLE.test(line.text);
  };
  return lines.filter(goesOn).map(({ number }) => number);
}

function found(search: (text: string) => readonly number[]): string[] {
  return documents().flatMap((path) => search(readDocument(path)).map((number) => `${path}:${number}`));
}

describe('Documents', () => {
  it('have one sentence a line', () => {
    expect(found(linesWithSeveral)).toEqual([]);
  });

  it('have each sentence on one line', () => {
    expect(found(brokenLines)).toEqual([]);
  });

  it.each([
    ['two sentences', 'It runs. It stops.'],
    ['a second one that begins with code', '- It runs (always). `stop` ends it.'],
    ['a bold lead word and two', '- **Runs.** It runs. It stops.'],
    ['more after a block', '```sh\nOne. Two.\n```\nIt runs. It stops.'],
  ])('are searched for several sentences in a line: %s', (_what, text) => {
    expect(linesWithSeveral(text)).toHaveLength(1);
  });

  it.each([
    ['one sentence', 'It runs.'],
    ['a bold lead word before it', '**Runs.** It runs.'],
    ['code with dots', '`a. B` runs, as v1.2 does.'],
    ['a number of a list', '1. It runs.'],
    ['a row of a table', '| One. Two. | x |'],
    ['a block of code', '```sh\nOne. Two.\n```'],
  ])('may have in a line: %s', (_what, text) => {
    expect(linesWithSeveral(text)).toEqual([]);
  });

  it('are searched for sentences that are broken', () => {
    expect(brokenLines('It runs and\nstops.\n\nIt runs:\n- here\n- there')).toEqual([1]);
  });
});
