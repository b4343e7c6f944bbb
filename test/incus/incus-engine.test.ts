import { text } from 'node:stream/consumers';
import { openEngine } from '../../src/modes/open-engine.ts';
import { describeEngine } from '../contract/engine.contract.ts';

describeEngine('IncusEngine', () => {
  const engine = openEngine('incus');
  return {
    engine,
    image: 'clara-sandbox:latest',
    absentImage: 'clara-test/absent:latest',
    exhaustMemory: async (id) => {
      const { stream } = await engine.exec(id, ['python3', '-I', '-S', '-c', 'x = b"x" * (512 << 20)']);
      stream.end();
      await text(stream).catch(() => '');
    },
  };
});
