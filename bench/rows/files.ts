import { interleave } from '../base/interleave.ts';
import { atLeast, type Family, toRow } from '../base/row.ts';

const CONTENT = 'a line of some text\n'.repeat(10);
const FILE = '/workspace/note.txt';

/** Writing and reading a file of 200 bytes. */
export const files: Family = {
  id: 'files',
  measure: (bench) =>
    bench.withServer({}, async ({ client }) => {
      const [container = ''] = await bench.dockerExec.containers(1);
      const write = () =>
        client.call('POST', '/sandbox/warm/file', { path: FILE, content: CONTENT }).then(() => undefined);
      const read = () =>
        client.call('GET', `/sandbox/warm/file?path=${encodeURIComponent(FILE)}`).then(() => undefined);
      for (let call = 0; call < bench.count(200, 50); call += 1) {
        await write();
        await read();
      }
      const written = await interleave(
        { count: bench.count(1000, 200), call: write },
        {
          count: bench.count(120, 15),
          call: () =>
            bench.dockerExec
              .exec(container, ['sh', '-c', `cat > ${FILE}`], [Buffer.from(CONTENT)])
              .then(() => undefined),
        },
      );
      const readBack = await interleave(
        { count: bench.count(1000, 200), call: read },
        {
          count: bench.count(120, 15),
          call: () => bench.dockerExec.exec(container, ['cat', FILE]).then(() => undefined),
        },
      );
      return [toRow('write small file', written, [atLeast(25)]), toRow('read small file', readBack, [atLeast(25)])];
    }),
};
