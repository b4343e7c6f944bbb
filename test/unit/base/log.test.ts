import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createLogger } from '../../../src/base/log.ts';

const KEYS = { authorization: 'Bearer key', 'x-api-key': 'key', cookie: 'a=key', 'proxy-authorization': 'Basic key' };
const BLANK = {
  authorization: '[secret]',
  'x-api-key': '[secret]',
  cookie: '[secret]',
  'proxy-authorization': '[secret]',
};

function write(line: object): Record<string, unknown> {
  const lines: string[] = [];
  const destination = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  createLogger('info', destination).info(line, 'said');
  return JSON.parse(lines.join(''));
}

test('the headers that carry keys are blanked out wherever a line shows headers', () => {
  const host = 'sandbox.example';
  const written = write({
    ...KEYS,
    headers: { ...KEYS, host },
    req: { method: 'GET', headers: { ...KEYS, host } },
    far: { request: { headers: { ...KEYS, host } } },
  });
  expect(written).toMatchObject({
    ...BLANK,
    headers: { ...BLANK, host },
    req: { method: 'GET', headers: { ...BLANK, host } },
    far: { request: { headers: { ...BLANK, host } } },
  });
});

test('the headers that an error brings with it are blanked out too', () => {
  const error = Object.assign(new Error('refused'), { headers: { ...KEYS }, config: { headers: { ...KEYS } } });
  const { err } = write({ err: error });
  expect(err).toMatchObject({ type: 'Error', message: 'refused', headers: BLANK, config: { headers: BLANK } });
});

test('what is logged stays as it is for whoever logs it', () => {
  const headers = { ...KEYS };
  write({ headers });
  expect(headers).toEqual(KEYS);
});
