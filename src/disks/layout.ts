/** Where the image of a sandbox is mounted, in its own folder. */
export const MOUNT_FOLDER = 'disk';

/** The image, beside it. */
export const IMAGE_FILE = 'disk.img';

/** A copy of a checkpoint's image that is to take its place. */
export const RESTORED_FILE = `${IMAGE_FILE}.restored`;

/** The image that was there before, until the sandbox runs on the other one. */
export const PREVIOUS_FILE = `${IMAGE_FILE}.before`;

/** The checkpoints of a sandbox, a folder each. */
export const CHECKPOINTS_FOLDER = 'checkpoints';
