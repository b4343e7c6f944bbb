/** Where the image of a sandbox is mounted, in its own folder. */
export const MOUNT_FOLDER = 'disk';

/** The image, beside it. */
export const IMAGE_FILE = 'disk.img';

/** What ran its sandbox last, beside it: no other may while that has it. */
export const HOLDER_FILE = 'disk.engine';

/** Names the volume of the engine that has the files of a sandbox. */
export const VOLUME_FILE = 'volume.json';

/** Names that of a volume beside workspaces, which the server describes in a file of the other name. */
export const KEPT_VOLUME_FILE = 'engine-volume.json';

/** Names that of a copy which is to take its place. */
export const RESTORED_VOLUME_FILE = `${VOLUME_FILE}.restored`;

/** Names the one that was there before, until the sandbox runs on the other one. */
export const PREVIOUS_VOLUME_FILE = `${VOLUME_FILE}.before`;

/** A copy of a checkpoint's image that is to take its place. */
export const RESTORED_FILE = `${IMAGE_FILE}.restored`;

/** The image that was there before, until the sandbox runs on the other one. */
export const PREVIOUS_FILE = `${IMAGE_FILE}.before`;

/** The checkpoints of a sandbox, a folder each. */
export const CHECKPOINTS_FOLDER = 'checkpoints';

/** The plain folders of a sandbox that has no image. */
export const PLAIN_FOLDERS = ['workspace', 'packages'] as const;

/** A copy of them. */
export const ARCHIVE_FILE = 'files.tar';

/** In which those of a checkpoint are unpacked that are to take their place. */
export const RESTORED_FOLDER = 'files.restored';

/** The same once they are whole: they take their place, whatever happens. */
export const NEXT_FOLDER = 'files.next';

/** Those that were there before, until the sandbox runs on the others. */
export const PREVIOUS_FOLDER = 'files.before';
