import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../src/config/config.ts';
import { isPermittedImage } from '../../../../src/sandboxes/spec/permitted-images.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

const permits = (images: string, name: string) =>
  isPermittedImage(name, parseConfig({ SANDBOX_API_KEY: 'a-long-enough-key', SANDBOX_DOCKER_IMAGES: images }));

describe('an image that a create names', () => {
  it.each([
    ['', 'clara-sandbox:latest'],
    ['', 'clara-sandbox'],
    ['', 'docker.io/library/clara-sandbox'],
    ['python:3.12', 'python:3.12'],
    ['python:3.12', 'docker.io/library/python:3.12'],
    ['docker.io/library/python:3.12', 'python:3.12'],
    ['python', 'python:latest'],
    ['a, python:3.12 ,b', 'python:3.12'],
    ['python:3*', 'python:3.12-slim'],
    ['python:3*', 'index.docker.io/library/python:3'],
    ['library/python:3*', 'python:3.9'],
    ['python*', 'python'],
    ['python*', `python:3.12@${DIGEST}`],
    ['k2data/*', 'k2data/sandbox-base:latest'],
    ['registry.example:5000/*', 'registry.example:5000/team/image'],
    ['registry.example:5000/image', 'registry.example:5000/image:latest'],
    [`python@${DIGEST}`, `python@${DIGEST}`],
    [DIGEST, DIGEST],
    ['cafe', 'cafe'],
    ['*', 'anything/at-all:1'],
    ['*', DIGEST],
    ['*', '0a1b2c3d'],
  ])('is permitted by %j as %s', (images, name) => {
    expect(permits(images, name)).toBe(true);
  });

  it.each([
    ['', 'python:3.12'],
    ['', 'clara-sandbox:other'],
    ['', 'clara-sandbox-api:latest'],
    ['', 'evil/clara-sandbox:latest'],
    ['', 'registry.example/clara-sandbox:latest'],
    ['', DIGEST],
    ['', '0a1b2c3d'],
    ['', `clara-sandbox:latest@${DIGEST}`],
    ['python:3.12', 'python:3.12-slim'],
    ['python:3.12', 'python:3.1'],
    ['python', 'python:3.12'],
    ['python:3*', 'python:2.7'],
    ['python:3*', 'team/python:3.12'],
    ['python:3*', 'registry.example/python:3.12'],
    // The engine goes by the digest, whatever the tag says.
    ['python:3*', `python:3.12@${DIGEST}`],
    ['python:3*', `python@${DIGEST}`],
    ['k2data/*', 'k2data'],
    ['k2data/*', 'other/k2data/image'],
    // The engine takes this for the beginning of an id where no image has the name.
    ['cafe*', 'cafe'],
    ['d*', 'deadbeef'],
    ['s*', DIGEST],
    ['Python:3*', 'python:3.12'],
  ])('is not permitted by %j as %s', (images, name) => {
    expect(permits(images, name)).toBe(false);
  });
});
