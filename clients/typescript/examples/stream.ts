// Shows what a command writes as it writes it: `CLARA_URL` and `SANDBOX_API_KEY` name the server.
import { ClaraClient } from '../src/index.ts';

const client = new ClaraClient({ baseUrl: process.env.CLARA_URL ?? 'http://localhost:8080' });
for await (const { event, data } of client.sandbox('alice').streamShell('for n in 1 2 3; do echo $n; done')) {
  if (event === 'stdout') process.stdout.write(String(data.text));
}
