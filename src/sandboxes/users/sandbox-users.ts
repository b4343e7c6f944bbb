import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { UidRange } from '../../config/fields.ts';
import type { Engine, EngineUser } from '../../engines/engine.ts';
import type { FolderUser, FolderUsers, ImageAccounts } from '../storage/folder-users.ts';
import { accountFilesIn, areAccountFilesIn, writeAccountFiles } from './account-files.ts';
import { readIds } from './accounts.ts';
import { toHostUser } from './host-user.ts';
import { ImageAccountsReader } from './image-accounts.ts';
import { findRange } from './uid-range.ts';
import { UserIds } from './user-ids.ts';

/** The users of sandboxes: to each folder one of its own, under the names that its image knows it by. */
export class SandboxUsers implements FolderUsers {
  readonly #engine: Engine;
  #dataDir = '';
  readonly #ids: UserIds;
  readonly #accounts: ImageAccountsReader;

  constructor(engine: Engine, config: Config) {
    this.#engine = engine;
    this.#ids = new UserIds((instance) => findRange(engine, config, instance));
    this.#accounts = new ImageAccountsReader(engine);
  }

  async open(dataDir: string, instance: string): Promise<void> {
    this.#dataDir = dataDir;
    this.#accounts.instance = instance;
    await this.#ids.load(dataDir, instance);
  }

  /** All ids that there are; throws `invalid` where they cannot be given here. */
  async range(): Promise<UidRange> {
    return await this.#ids.range();
  }

  /** What an image, by its id, says of its users; throws `invalid` where the engine has none of that name. */
  async accountsOf(image: string, imageId: string | null): Promise<ImageAccounts> {
    return await this.#accounts.of(image, imageId);
  }

  async prepare(name: string, accounts: ImageAccounts | null): Promise<FolderUser> {
    const imageIds = accounts ? [...readIds(accounts.passwd), ...readIds(accounts.group)] : [];
    const uid = await this.#ids.of(name, new Set(imageIds));
    const folder = join(this.#dataDir, name);
    if (accounts) await writeAccountFiles(folder, accounts, uid);
    const user = { uid, gid: uid };
    return { user, owner: await toHostUser(this.#engine, user), ...accountFilesIn(folder) };
  }

  /** The id of a folder's user, where the folder is as `prepare` leaves it; else null. */
  async preparedFor(name: string): Promise<number | null> {
    const isPrepared = await areAccountFilesIn(join(this.#dataDir, name));
    return isPrepared ? await this.#ids.current(name) : null;
  }

  /** A user for something that has no folder, for as long as the work lasts. */
  async lend<T>(name: string, work: (user: EngineUser) => Promise<T>): Promise<T> {
    return await this.#ids.lend(name, (uid) => work({ uid, gid: uid }));
  }

  moved(from: string, to: string): void {
    this.#ids.moved(from, to);
  }

  release(name: string): void {
    this.#ids.release(name);
  }
}
