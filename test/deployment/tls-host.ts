import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { makeCertificate } from '../support/certificate.ts';
import { ensureNodeImage } from './base-images.ts';
import { PROJECT, PROJECT_LABEL } from './compose-project.ts';

const PORT = 8443;

const PROGRAM = `
const { createHash } = require('node:crypto');
const { createServer } = require('node:https');
const hash = (text) => createHash('sha256').update(text).digest('hex');
createServer(JSON.parse(process.env.TLS), ({ headers }, response) => {
  response.end(hash(headers.authorization) + ' ' + headers.authorization);
}).listen(${PORT}, () => console.log('listens'));
`;

/** A host over HTTPS that an authority of nobody's vouches for, in a folder until it is started in the network of the deployment. */
export interface TlsHost {
  /** The file with its certificate, in PEM. */
  readonly certificateFile: string;
  /** Name and port. */
  readonly address: string;
  /** Starts it in the network of this run's deployment: it answers with the SHA-256 of what `Authorization` holds, in hex, and that itself. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Makes a host of this name, which does not run yet. */
export async function makeTlsHost(name: string): Promise<TlsHost> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), `${PROJECT}-`)));
  const { key, certificate } = await makeCertificate(name, folder);
  let container: StartedTestContainer | undefined;
  return {
    certificateFile: join(folder, 'certificate.pem'),
    address: `${name}:${PORT}`,
    start: async () => {
      container = await new GenericContainer(await ensureNodeImage())
        .withLabels({ [PROJECT_LABEL]: PROJECT })
        .withNetworkMode(`${PROJECT}_default`)
        .withNetworkAliases(name)
        .withEnvironment({ TLS: JSON.stringify({ key, cert: certificate }) })
        .withCommand(['node', '-e', PROGRAM])
        .withWaitStrategy(Wait.forLogMessage('listens'))
        .start();
    },
    close: async () => {
      await container?.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
