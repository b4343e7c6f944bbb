import type { RealServer } from './real-server.ts';
import { until } from './until.ts';

/** The ports of the programs, by their names. */
export const PORT = { flask: 5000, vite: 5173, jupyter: 8888, echo: 9000 } as const;

/** What opens the Jupyter server. */
export const JUPYTER_TOKEN = 'of-the-jupyter-server';

const JUPYTER = [
  'jupyter-server',
  '--no-browser',
  '--ServerApp.ip=127.0.0.1',
  `--ServerApp.token=${JUPYTER_TOKEN}`,
  '--ServerApp.allow_remote_access=True',
];

const FILES = {
  'app.py': `
from flask import Flask, request, session

app = Flask(__name__)
app.secret_key = 'of the app'

@app.get('/')
def form():
    return f'''<title>Flask</title><p>{session.get('name', 'nobody')}</p>
      <form method="post" action="/name"><input name="name"><button>Send</button></form>'''

@app.post('/name')
def name():
    session['name'] = request.form['name']
    return app.redirect('/')

@app.get('/lines')
def lines():
    return (f'line {number}\\n' for number in range(3)), {'content-type': 'text/plain'}
`,
  'echo.py': `
from aiohttp import web

async def echo(request):
    if request.headers.get('Upgrade', '').lower() != 'websocket':
        return web.Response(body=await request.read(), content_type='text/plain')
    socket = web.WebSocketResponse(protocols=['echo'])
    await socket.prepare(request)
    async for message in socket:
        await (socket.send_str(message.data) if isinstance(message.data, str) else socket.send_bytes(message.data))
    return socket

app = web.Application()
app.router.add_route('*', '/{path:.*}', echo)
web.run_app(app, host='127.0.0.1', port=${PORT.echo}, print=None)
`,
  'site/index.html': '<title>Vite</title><h1></h1><script type="module" src="/main.js"></script>',
  'site/main.js': `
import { greeting } from './greeting.js';
const show = (text) => { document.querySelector('h1').textContent = text; };
show(greeting);
if (import.meta.hot) import.meta.hot.accept('./greeting.js', (changed) => show(changed.greeting));
`,
  'site/greeting.js': "export const greeting = 'before';\n",
};

/** Writes the programs' files into a user's sandbox and starts them all; resolves once each listens. `vite` is the path of Vite. */
export async function startPrograms(server: RealServer, user: string, vite: string): Promise<void> {
  const path = `/sandbox/${user}`;
  for (const [name, content] of Object.entries(FILES))
    await server.call('POST', `${path}/file`, { path: name, content });
  const starts = [
    { argv: ['python3', '-m', 'flask', 'run', '--port', String(PORT.flask)] },
    { argv: ['python3', 'echo.py'] },
    { argv: ['node', vite, '--port', String(PORT.vite), '--strictPort'], cwd: 'site' },
    { argv: JUPYTER },
  ];
  for (const start of starts) await server.call('POST', `${path}/processes`, start);
  await untilListening(server, user, Object.values(PORT));
}

/** Starts a Jupyter server alone; resolves once it listens. */
export async function startJupyter(server: RealServer, user: string): Promise<void> {
  await server.call('POST', `/sandbox/${user}/processes`, { argv: JUPYTER });
  await untilListening(server, user, [PORT.jupyter]);
}

async function untilListening(server: RealServer, user: string, ports: readonly number[]): Promise<void> {
  await until('every program listens', async () => {
    const { body } = await server.call('GET', `/sandbox/${user}/ports`);
    const listening = body.ports.map(({ port }: { port: number }) => port);
    return ports.every((port) => listening.includes(port));
  });
}
