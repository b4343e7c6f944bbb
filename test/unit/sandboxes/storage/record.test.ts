import { describe, expect, it } from 'vitest';
import { DEFAULT_LIFE } from '../../../../src/sandboxes/asked/life-policy.ts';
import { newRecord, parseRecord, toRecordText } from '../../../../src/sandboxes/storage/record.ts';

const SECRET = 'ab'.repeat(32);

/** As a server wrote it before records said how long a sandbox lives. */
const FIRST_VERSION = {
  version: 1,
  id: 'discord-1-0123456789abcdef0123',
  owner: { namespace: 'clara', id: 'discord:1' },
  secret: SECRET,
  overrides: { memoryBytes: 134_217_728, network: 'none' },
  engineId: 'f00d',
  uid: 1_879_048_200,
  createdBy: 'bot',
  createdAtMs: 1_700_000_000_000,
  lastUsedAtMs: 1_700_000_100_000,
  executions: 7,
  deletedAtMs: null,
};

describe('a record of the first version', () => {
  it('is read as one of today: address and wishes under their names, the life of its dialect', () => {
    const { owner, overrides, ...kept } = FIRST_VERSION;
    expect(parseRecord(JSON.stringify(FIRST_VERSION))).toEqual({
      ...kept,
      version: 2,
      address: owner,
      asked: overrides,
      life: DEFAULT_LIFE,
      isBlank: false,
      diskBytes: null,
      pausedAtMs: null,
      haltedAtMs: null,
      cwd: null,
      name: null,
      startedAtMs: null,
      main: null,
      mainExitCode: null,
      notes: {},
      labels: {},
      lastStop: null,
      env: {},
      contexts: [],
      signatures: 0,
      previewId: null,
      ports: {},
      portUrls: {},
      terms: null,
      secrets: [],
      networks: [],
    });
  });

  it('from before users and keys of their own has neither', () => {
    const { uid, createdBy, ...older } = FIRST_VERSION;
    expect(parseRecord(JSON.stringify(older))).toMatchObject({ uid: null, createdBy: null });
  });

  it('is written as one of today, once it is written', () => {
    const text = toRecordText(parseRecord(JSON.stringify(FIRST_VERSION)));
    expect(JSON.parse(text)).toMatchObject({ version: 2, address: FIRST_VERSION.owner });
    expect(parseRecord(text)).toEqual(parseRecord(JSON.stringify(FIRST_VERSION)));
  });
});

describe('a record', () => {
  it('from before lists, settings and pauses is read as one without any', () => {
    const sandbox = { id: 'x-0123456789abcdef0123' as never, address: { namespace: 'clara', id: 'x' } };
    const record = newRecord(sandbox, { asked: {}, life: DEFAULT_LIFE, createdBy: 'bot' }, 5);
    const { isBlank, diskBytes, pausedAtMs, labels, env, ...older } = record;
    expect(parseRecord(JSON.stringify(older))).toEqual(record);
  });

  it('is read back as it was written', () => {
    const sandbox = { id: 'x-0123456789abcdef0123' as never, address: { namespace: 'toy', id: 'x' } };
    const life = { ...DEFAULT_LIFE, end: { when: 'at', atMs: 5, by: 'purge' } } as const;
    const record = newRecord(sandbox, { asked: { image: 'other' }, life, createdBy: 'bot' }, 1);
    expect(parseRecord(toRecordText(record))).toEqual(record);
  });

  it.each([
    ['of a version that is not known', { ...FIRST_VERSION, version: 3 }],
    ['without its secret', { ...FIRST_VERSION, secret: 'short' }],
    ['that is none', []],
  ])('%s is refused', (_, value) => {
    expect(() => parseRecord(JSON.stringify(value))).toThrow();
  });
});
