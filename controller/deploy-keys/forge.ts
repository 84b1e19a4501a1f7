import * as z from "zod";
import { DeployKeyError, type DeployKeyPlace } from "../../reconcilers/contract/deploy-keys.ts";
import { callForge, type ForgeAccess, type ForgeAnswer } from "./forge-call.ts";

/** A deploy key as the forge has it. */
export interface ForgeKey {
  readonly id: number;
  readonly title: string;
}

const KeyAnswer = z.object({ id: z.int().positive(), title: z.string() });
const MadeKey = KeyAnswer.extend({ read_only: z.boolean() });

const PAGE = 50;
/** 5,000 keys in one repository: something else is wrong then */
const MOST_PAGES = 100;

/** Deploy keys of one repository, through the API that Gitea and Forgejo have. Every call throws DeployKeyError. */
export class Forge {
  readonly #place: DeployKeyPlace;
  readonly #access: ForgeAccess;

  constructor(place: DeployKeyPlace, about: Pick<ForgeAccess, "token" | "timeoutMs">) {
    this.#place = place;
    this.#access = { forgeUrl: place.forgeUrl, caBundle: place.caBundle, ...about };
  }

  /** all of them; undefined when there is no such repository for this token */
  async keys(signal: AbortSignal): Promise<readonly ForgeKey[] | undefined> {
    const found = new Map<number, ForgeKey>();
    for (let page = 1; page <= MOST_PAGES; page++) {
      const answer = await this.#call("GET", { query: `?page=${page}&limit=${PAGE}` }, signal);
      if (answer.status === 404) return undefined;
      const keys = this.#read(answer, 200, z.array(KeyAnswer));
      // the end, or a forge that knows no pages
      if (keys.every(({ id }) => found.has(id))) return [...found.values()];
      for (const { id, title } of keys) found.set(id, { id, title });
    }
    throw new DeployKeyError(`the repository ${this.#place.repository} has more deploy keys than bb reads`);
  }

  async add(
    key: { readonly title: string; readonly publicKey: string; readonly readOnly: boolean },
    signal: AbortSignal,
  ): Promise<ForgeKey> {
    const body = { title: key.title, key: key.publicKey, read_only: key.readOnly };
    const made = this.#read(await this.#call("POST", { body }, signal), 201, MadeKey);
    if (made.read_only === key.readOnly) return made;
    await this.remove(made.id, signal);
    throw new DeployKeyError(
      `the forge makes deploy keys that ${made.read_only ? "only read" : "write, where reading was asked for"}`,
    );
  }

  /** succeeds when there is none */
  async remove(id: number, signal: AbortSignal): Promise<void> {
    const answer = await this.#call("DELETE", { more: `/${id}` }, signal);
    if (answer.status !== 404 && answer.status !== 204) throw this.#refusal(answer.status);
  }

  #call(
    method: "GET" | "POST" | "DELETE",
    { more = "", query = "", body }: { more?: string; query?: string; body?: object },
    signal: AbortSignal,
  ): Promise<ForgeAnswer> {
    const place = this.#place.repository.split("/").map(encodeURIComponent).join("/");
    return callForge(
      this.#access,
      { method, path: `/api/v1/repos/${place}/keys${more}${query}`, ...(body && { body }) },
      signal,
    );
  }

  #read<T>({ status, body }: ForgeAnswer, wanted: number, schema: z.ZodType<T>): T {
    if (status !== wanted) throw this.#refusal(status);
    const read = schema.safeParse(body);
    if (read.success) return read.data;
    throw new DeployKeyError("what answers at forge.url is no Gitea or Forgejo: check forge.url");
  }

  #refusal(status: number): DeployKeyError {
    const { repository, forgeUrl } = this.#place;
    const host = new URL(forgeUrl).host;
    const why: Readonly<Record<number, string>> = {
      401: "does not take the token: set a new one with bb secret set",
      403: `does not let the token manage deploy keys of ${repository}: it needs the scope write:repository, and its owner must administer the repository`,
      404: `has no repository ${repository} that the token may see: check the remote's url, and who owns the token`,
      429: "was asked too often",
    };
    return new DeployKeyError(`the forge ${host} ${why[status] ?? `answered ${status}`}`);
  }
}
