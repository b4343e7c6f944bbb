import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Dialect } from '../../../src/dialects/dialect.ts';
import { outsideRenderer } from '../../../src/dialects/outside.ts';
import type { HttpProblem } from '../../../src/http/errors/errors.ts';

const dialect = (name: string, paths: readonly string[] | undefined, field: string): Dialect => ({
  name,
  ...(paths ? { paths } : {}),
  tags: [],
  commonResponses: {},
  renderError: ({ message }) => ({ [field]: message }),
  principalOf: () => {
    throw new Error('nobody asks');
  },
  addressOf: () => null,
  routes: async () => undefined,
});

const DIALECTS = [
  dialect('native', undefined, 'error'),
  dialect('boxes', ['/boxes'], 'detail'),
  dialect('one', ['/api/v1'], 'detail'),
  dialect('two', ['/api/v1/sessions', '/api/v1/files'], 'message'),
];

function head(url: string): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { url });
}

const problem: HttpProblem = { status: 404, kind: 'unknown_route', message: 'Not Found', issues: [] };

describe('an error where no route is', () => {
  it.each([
    ['/boxes', ['detail']],
    ['/boxes/1/nothing?x=1', ['detail']],
    ['/boxes?x=1', ['detail']],
    ['/boxes-of-mine', ['error']],
    ['/api/v1/nothing', ['detail', 'message']],
    ['/api/v1', ['detail', 'message']],
    ['/api/v1/files/nothing', ['detail', 'message']],
    ['/api/v10', ['error']],
    ['/api', ['error']],
    ['/elsewhere', ['error']],
    ['*', ['error']],
  ])('at %s has the fields %j of those whose paths begin so', (url, fields) => {
    const render = outsideRenderer(DIALECTS, () => undefined);
    expect(render(problem, head(url))).toEqual(Object.fromEntries(fields.map((field) => [field, 'Not Found'])));
  });

  it('is that of the dialect which is chosen for the request, wherever it is', () => {
    const render = outsideRenderer(DIALECTS, () => 'two');
    expect(render(problem, head('/boxes/1'))).toEqual({ message: 'Not Found' });
  });

  it('has the fields of all dialects, each of the first that has it, where nobody knows what was asked for', () => {
    const broken: HttpProblem = { status: 431, kind: 'invalid', message: 'Too large.', issues: [] };
    const all = [{ ...dialect('first', undefined, 'error'), renderError: () => ({ error: 'First.' }) }, ...DIALECTS];
    expect(outsideRenderer(all, () => 'two')(broken, null)).toEqual({
      error: 'First.',
      detail: 'Too large.',
      message: 'Too large.',
    });
  });
});
