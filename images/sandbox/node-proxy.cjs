// Loaded by every Node in a sandbox (NODE_OPTIONS): fetch, http and https go through the proxy that the environment names, as
// newer versions of Node do by themselves with NODE_USE_ENV_PROXY.
'use strict';
const [major, minor] = process.versions.node.split('.').map(Number);
const isBuiltIn = major >= 24 || (major === 22 && minor >= 21);
const { HTTP_PROXY, http_proxy, HTTPS_PROXY, https_proxy, NO_PROXY, no_proxy } = process.env;
const proxies = { 'http:': http_proxy || HTTP_PROXY, 'https:': https_proxy || HTTPS_PROXY };
if (!isBuiltIn && (proxies['http:'] || proxies['https:'])) useProxies();

function useProxies() {
  const http = require('node:http');
  const https = require('node:https');
  http.globalAgent.createConnection = throughProxy('http:', http.globalAgent.createConnection);
  https.globalAgent.createConnection = throughProxy('https:', https.globalAgent.createConnection);
  useProxiesForFetch();
}

/** Makes connections as an agent of Node does, by a tunnel where there is a proxy for the host. */
function throughProxy(protocol, connectDirectly) {
  return function createConnection(options, callback) {
    const host = options.host || 'localhost';
    if (options.socketPath || !proxies[protocol] || isExcepted(host))
      return connectDirectly.call(this, options, callback);
    openTunnel(protocol, host, options.port || (protocol === 'https:' ? 443 : 80), (error, socket) => {
      if (error || protocol === 'http:') callback(error, socket);
      else callback(null, require('node:tls').connect({ ...options, socket, path: undefined }));
    });
    return undefined;
  };
}

/** The dispatcher of fetch is made, with all that it needs, when fetch is first called; one that a program has set stays. */
function useProxiesForFetch() {
  const fetchOfNode = globalThis.fetch;
  const key = Symbol.for('undici.globalDispatcher.1');
  if (typeof fetchOfNode !== 'function') return;
  globalThis.fetch = async function fetch(...parameters) {
    if (globalThis.fetch === fetch) globalThis.fetch = fetchOfNode;
    if (globalThis[key] === undefined) {
      void globalThis.Headers;
      const { constructor: Agent } = globalThis[key];
      globalThis[key] = new Agent({ connect: connectForFetch });
    }
    return await fetchOfNode.apply(globalThis, parameters);
  };
}

function connectForFetch({ hostname, protocol, port, servername }, callback) {
  const number = Number(port) || (protocol === 'https:' ? 443 : 80);
  const secure = (socket) => {
    const name = servername || (require('node:net').isIP(hostname) ? undefined : hostname);
    const secured = require('node:tls').connect({ socket, servername: name, ALPNProtocols: ['http/1.1'] });
    secured.once('error', callback);
    secured.once('secureConnect', () => {
      secured.off('error', callback);
      callback(null, secured);
    });
  };
  const connected = (error, socket) => {
    if (error || protocol !== 'https:') callback(error, socket);
    else secure(socket);
  };
  if (proxies[protocol] && !isExcepted(hostname)) openTunnel(protocol, hostname, number, connected);
  else openDirectly(hostname, number, connected);
}

function openDirectly(host, port, callback) {
  const socket = require('node:net').connect({ host: host.replace(/^\[|\]$/g, ''), port });
  socket.once('error', callback);
  socket.once('connect', () => {
    socket.off('error', callback);
    callback(null, socket);
  });
}

function openTunnel(protocol, host, port, callback) {
  const proxy = new URL(proxies[protocol]);
  const target = `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
  const request = require('node:http').request({
    method: 'CONNECT',
    host: proxy.hostname,
    port: proxy.port || 80,
    path: target,
    headers: { host: target },
    agent: false,
  });
  request.once('error', callback);
  request.once('connect', (response, socket) => {
    if (response.statusCode === 200) {
      callback(null, socket);
      return;
    }
    socket.destroy();
    const error = new Error(`The proxy answered ${response.statusCode} ${response.statusMessage}`);
    callback(Object.assign(error, { code: 'ERR_PROXY_TUNNEL' }));
  });
  request.end();
}

function isExcepted(host) {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  const entries = (no_proxy || NO_PROXY || '').toLowerCase().split(/[\s,]+/);
  return entries.some((entry) => {
    const suffix = entry.replace(/^\*?\.?/, '');
    return entry === '*' || entry === name || (suffix !== '' && name.endsWith(`.${suffix}`));
  });
}
