import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { inspect } from 'node:util';

const MAX_SOCKETS = 64;

/** Keeps connections to the Docker engine. */
export function createEngineAgent(protocol: 'http' | 'https'): HttpAgent {
  const Agent = protocol === 'https' ? HttpsAgent : HttpAgent;
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  // docker-modem renders all options of each call for its debug output, wanted or not. With the agent go all of its sockets:
  // that blocks the event loop for milliseconds a call, and for longer the more calls are under way.
  return Object.assign(agent, { [inspect.custom]: () => 'Agent' });
}
