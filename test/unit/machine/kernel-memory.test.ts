import { describe, expect, it } from 'vitest';
import { readKernelMemory } from '../../../src/machine/kernel-memory.ts';

describe('the memory of the kernel', () => {
  it('is in bytes: more than a mebibyte of small objects, whole pages of sockets', async () => {
    const { slabBytes, socketBytes } = await readKernelMemory();
    expect(slabBytes).toBeGreaterThan(2 ** 20);
    expect(slabBytes % 1024).toBe(0);
    expect(socketBytes % 4096).toBe(0);
  });
});
