/** Where the image of a sandbox is mounted, in its own folder. */
export const MOUNT_FOLDER = 'disk';

/** The image, beside it. */
export const IMAGE_FILE = 'disk.img';
