import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { chooseDialect } from '../../../../src/dialects/all/choice.ts';

describe('the dialect of a request, before it has a route', () => {
  it.each([
    ['/e2b/sandboxes', {}, 'e2b'],
    ['/e2b', {}, 'e2b'],
    ['/mcp', {}, 'mcp'],
    ['/mcp?session=1', { 'e2b-sandbox-id': 'i1' }, 'mcp'],
    ['/anything', { 'e2b-sandbox-id': 'i1', 'e2b-sandbox-port': '49983' }, 'e2b-envd'],
    ['/anything', { 'e2b-sandbox-id': 'i1', 'e2b-sandbox-port': '49999' }, 'e2b-interpreter'],
    ['/anything', { 'e2b-sandbox-id': 'i1', 'e2b-sandbox-port': '80' }, 'e2b-port'],
    ['/anything', { 'e2b-sandbox-id': 'i1', 'e2b-sandbox-port': 'x' }, 'e2b-port'],
    ['/e2b/anything', { 'e2b-sandbox-id': 'i1', 'e2b-sandbox-port': '49983' }, 'e2b-envd'],
    ['/e2b/files?signature=v1_x', {}, 'e2b-envd'],
    ['/sandbox/u/execute', { 'e2b-sandbox-port': '49983' }, 'e2b-port'],
    ['/files?path=%2Fa&signature=v1_x', {}, 'e2b-envd'],
    ['http://host/files?signature=v1_x', {}, 'e2b-envd'],
    ['/files?path=%2Fa', { 'x-access-token': '0f' }, 'e2b-envd'],
    ['/e2b/files', { 'x-access-token': '0f' }, 'e2b-envd'],
    ['/files', {}, 'e2b-envd'],
    ['/health', { 'x-access-token': '' }, 'e2b-envd'],
    ['/files', { 'x-access-token': '0f', 'e2b-sandbox-id': 'i1' }, 'e2b-port'],
    ['/sandboxes', { 'x-api-key': 'e2b_0f' }, 'e2b'],
    ['/sandboxes/i1/connect?x=1', { 'x-api-key': 'e2b_0f' }, 'e2b'],
    ['/v2/sandboxes', { 'x-api-key': 'e2b_0f' }, 'e2b'],
    ['/templates/aliases/base', { 'x-api-key': 'e2b_0f' }, 'e2b'],
    ['/v2/sandboxes?limit=1', {}, 'e2b'],
    ['/snapshots', { 'x-api-key': 'cs_0f' }, 'e2b'],
  ])('of %s with %j is %s', (url, headers, name) => {
    expect(chooseDialect({ url, headers, socket: new Socket() })).toBe(name);
  });

  it.each([
    ['/sandboxes', { 'x-api-key': 'e2b_XYZ' }],
    ['/sandboxes', { 'x-api-key': 'cs_0f' }],
    ['/sandboxes', { authorization: 'Bearer e2b_0f' }],
    ['/sandbox/u/execute', { 'x-api-key': 'e2b_0f' }],
    ['/v2/sandboxes-of-mine', {}],
    ['/sandboxes-of-mine', { 'x-api-key': 'e2b_0f' }],
    ['/files/', {}],
    ['/health', {}],
    ['/envs', { 'x-access-token': '0f' }],
    ['/sandbox/u/files', { 'x-access-token': '0f' }],
    ['/sandbox/u/files?signature=x', {}],
    ['/e2bx', {}],
    ['/', {}],
  ])('of %s with %j is decided by its path', (url, headers) => {
    expect(chooseDialect({ url, headers, socket: new Socket() })).toBeUndefined();
  });
});
