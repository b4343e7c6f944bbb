// Loaded by every Node in a sandbox with a proxy (NODE_OPTIONS): a TCP connection to another host is made by the proxy, so that
// WebSockets, database clients and whatever else knows no proxy find the way out. What speaks with the proxy itself stays as it is.
'use strict';
const net = require('node:net');
const tls = require('node:tls');
const { https_proxy, HTTPS_PROXY, NO_PROXY, no_proxy } = process.env;
const proxy = parse(https_proxy || HTTPS_PROXY);
const MAX_HEAD = 65_536;
const connectDirectly = net.Socket.prototype.connect;
const connectSecurely = tls.connect;
if (proxy) {
  net.Socket.prototype.connect = connect;
  tls.connect = connectTls;
  require('node:module').syncBuiltinESMExports();
}

/** In the place of `net.Socket.prototype.connect`. */
function connect(...parameters) {
  const { options, callback } = read(parameters);
  // A TLS socket has its own below it already; tls.connect gives it one that was made here.
  if (this instanceof tls.TLSSocket || !leadsOut(options)) return connectDirectly.apply(this, parameters);
  if (typeof callback === 'function') this.once('connect', callback);
  this.connecting = true;
  openTunnel(this, `${bracketed(options.host)}:${options.port}`);
  return this;
}

/** In the place of `tls.connect`. */
function connectTls(...parameters) {
  const { options, callback } = read(parameters);
  if (options.socket || !leadsOut(options)) return connectSecurely.apply(this, parameters);
  const socket = net.connect({ host: options.host, port: options.port });
  return connectSecurely.call(this, { ...options, socket }, callback);
}

/** All the forms that connect takes: options, or port, host and options; then a function. Node itself gives them as one array. */
function read(parameters) {
  const list = Array.isArray(parameters[0]) ? parameters[0] : parameters;
  const options = {};
  for (const parameter of list) {
    if (parameter !== null && typeof parameter === 'object') Object.assign(options, parameter);
    else if (typeof parameter === 'number' || (typeof parameter === 'string' && /^\d+$/.test(parameter)))
      options.port = parameter;
    else if (typeof parameter === 'string' && options.port !== undefined) options.host = parameter;
    else if (typeof parameter === 'string') options.path = parameter;
  }
  return { options, callback: list.find((parameter) => typeof parameter === 'function') };
}

function openTunnel(socket, target) {
  const inner = new net.Socket();
  let head = Buffer.alloc(0);
  const fail = (error) => {
    inner.destroy();
    socket.connecting = false;
    socket.destroy(error);
  };
  const hangUp = () => inner.destroy();
  const onError = (error) => fail(error);
  const onEnd = () => fail(new Error('The proxy has hung up.'));
  const onData = (chunk) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0 && head.length <= MAX_HEAD) return;
    const [, status, reason = ''] = /^HTTP\/1\.\d (\d+) ?([^\r]*)/.exec(head.toString('latin1')) ?? [];
    if (end < 0 || status !== '200') {
      const error = new Error(`The proxy answered ${status} ${reason}`.trim());
      fail(Object.assign(error, { code: 'ERR_PROXY_TUNNEL' }));
      return;
    }
    inner.off('error', onError).off('end', onEnd).off('data', onData);
    socket.off('close', hangUp);
    handOver(inner, socket, head.subarray(end + 4));
  };
  inner.on('error', onError).on('end', onEnd).on('data', onData);
  socket.once('close', hangUp);
  connectDirectly.call(inner, { host: proxy.hostname, port: Number(proxy.port) || 80 });
  inner.setNoDelay(true);
  inner.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
}

/** Makes the connection of one socket that of the other, which then looks as if it had made it; `early` has come already. */
function handOver(inner, socket, early) {
  const handle = inner._handle;
  handle.readStop();
  handle.reading = false;
  inner._handle = null;
  for (const symbol of Object.getOwnPropertySymbols(handle)) if (handle[symbol] === inner) handle[symbol] = socket;
  socket._handle = handle;
  socket.connecting = false;
  if (early.length > 0) socket.push(early);
  socket.emit('connect');
  socket.emit('ready');
  if (socket.readable && !socket.isPaused()) socket.read(0);
}

/** Whether this is a TCP connection to another host, and to none that needs no proxy. */
function leadsOut({ host, path, port }) {
  if (path || !host || port === undefined || typeof host !== 'string') return false;
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  if (/^127\.|^::ffff:127\./.test(name) || (name === proxy.hostname && String(port) === proxy.port)) return false;
  const entries = (no_proxy || NO_PROXY || '').toLowerCase().split(/[\s,]+/);
  return !entries.some((entry) => {
    const suffix = entry.replace(/^\*?\.?/, '');
    return entry === '*' || entry === name || (suffix !== '' && name.endsWith(`.${suffix}`));
  });
}

function bracketed(host) {
  return net.isIPv6(host) ? `[${host}]` : host;
}

function parse(text) {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' ? url : null;
  } catch {
    return null;
  }
}
