import type { DeployKeyPlace } from "../../reconcilers/contract/deploy-keys.ts";

/** How keys of ours are called at a forge: `bot-bottle INSTANCE/BOTTLE'S UID/REMOTE`. */
export class KeyTitles {
  readonly #prefix: string;

  constructor(instance: string) {
    this.#prefix = `bot-bottle ${instance}/`;
  }

  of({ bottleUid, remote }: Pick<DeployKeyPlace, "bottleUid" | "remote">): string {
    return `${this.#prefix}${bottleUid}/${remote}`;
  }

  /** undefined for a key of anybody else, other installations of ours included */
  bottleUidOf(title: string): string | undefined {
    if (!title.startsWith(this.#prefix)) return undefined;
    return /^(?<uid>[0-9a-f-]{36})\/[a-z0-9-]+$/.exec(title.slice(this.#prefix.length))?.groups?.["uid"];
  }
}
