import { text } from 'node:stream/consumers';
import { afterAll, beforeAll } from 'vitest';
import { openEngine } from '../../../src/modes/open-engine.ts';
import { describeEngine } from '../../contract/engine.contract.ts';
import { FakeIncus } from '../../support/incus-machines/fake-incus.ts';
import { MACHINE_IMAGE } from '../../support/incus-machines/place.ts';

let fake: FakeIncus;

beforeAll(async () => {
  fake = await FakeIncus.start('clara-sandbox:latest');
});

afterAll(() => fake.close());

describeEngine('IncusMachines', () => {
  const place = { project: 'clara-sandbox', pool: null, trustToken: null, trustFolder: '' };
  const engine = openEngine('incus-vm', { ...place, remote: fake.socketPath });
  return {
    engine,
    image: MACHINE_IMAGE,
    absentImage: 'clara-test/absent:latest',
    exhaustMemory: async (id) => {
      const { stream } = await engine.exec(id, ['python3', '-I', '-S', '-c', 'x = b"x" * (512 << 20)']);
      stream.end();
      await text(stream).catch(() => '');
    },
  };
});
