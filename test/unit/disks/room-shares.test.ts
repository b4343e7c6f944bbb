import { describe, expect, it } from 'vitest';
import { RoomSharing } from '../../../src/disks/room-shares.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

const disks = (...used: readonly number[]) => used.map((usedBytes, index) => ({ name: `${index}`, usedBytes }));

/** What each disk may take, in MiB. */
function sharesOf(sharing: RoomSharing, used: readonly number[], roomBytes: number): number[] {
  return [...sharing.share(disks(...used), roomBytes).shares.values()].map((bytes) => bytes / MIB);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe('what is left of a disk', () => {
  it('is all for a disk that is alone', () => {
    expect(sharesOf(new RoomSharing(), [0], 300 * MIB)).toEqual([300]);
  });

  it('is shared by all, so that together they cannot take more', () => {
    const sharing = new RoomSharing();
    expect(sharesOf(sharing, [0, 0, 0], 300 * MIB)).toEqual([100, 100, 100]);
    for (const used of [
      [0, 50, 90],
      [5, 70, 90],
      [5, 70, 90],
    ])
      expect(
        sum(
          sharesOf(
            sharing,
            used.map((mebibytes) => mebibytes * MIB),
            151 * MIB,
          ),
        ),
      ).toBeLessThanOrEqual(151);
  });

  it('is for who writes, after some looks in which the others have not', () => {
    const sharing = new RoomSharing();
    for (let look = 0; look < 8; look += 1) sharing.share(disks(look * MIB, 0), 100 * MIB);
    const [writer = 0, idle = 0] = sharesOf(sharing, [9 * MIB, 0], 66 * MIB);
    expect(writer).toBeCloseTo(64);
    expect(idle).toBeCloseTo(2);
    expect(sharesOf(sharing, [9 * MIB, MIB], 66 * MIB)[1]).toBeGreaterThan(33);
  });

  it('is equal again once nobody writes, and a disk that was closed is forgotten', () => {
    const sharing = new RoomSharing();
    sharing.share(disks(0, 0), 64 * MIB);
    for (let look = 0; look < 8; look += 1) sharing.share(disks(0, 0), 64 * MIB);
    expect(sharesOf(sharing, [0, 0], 64 * MIB)).toEqual([32, 32]);
    expect(sharesOf(sharing, [0], 64 * MIB)).toEqual([64]);
    expect(sharesOf(sharing, [0, 0], 66 * MIB)[1]).toBeCloseTo(64);
  });

  it("is everybody's beyond the last GiB", () => {
    expect(sharesOf(new RoomSharing(), [0, 0], 5 * GIB)).toEqual([4.5 * 1024, 4.5 * 1024]);
  });

  it('is nothing where it is too little to be shared, or more was promised than there is', () => {
    for (const roomBytes of [MIB, 0, -5 * MIB]) {
      const room = new RoomSharing().share(disks(0, 0), roomBytes);
      expect([...room.shares.values()]).toEqual([0, 0]);
      expect(room.roomBytes).toBeLessThan(0);
    }
  });
});
