import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type DeployKey,
  DeployKeyError,
  type DeployKeyPlace,
  type DeployKeys,
  type ReadToken,
} from "../../reconcilers/contract/deploy-keys.ts";
import { anOwner } from "../builders.ts";

/** What the suite needs of an implementation and the forge under it. */
export interface DeployKeysHarness {
  /** one process; another call is a controller after a restart */
  create(): DeployKeys;
  /** a new repository at the forge, and where a remote of a new bottle has its key */
  aPlace(bottleUid: string): Promise<DeployKeyPlace>;
  readonly token: string;
  /** keys of the repository, as the forge has them */
  keysAt(place: DeployKeyPlace): Promise<readonly { readonly title: string; readonly readOnly: boolean }[]>;
  /** a key that somebody else made there */
  addForeignKey(place: DeployKeyPlace, title: string): Promise<void>;
  /** removes all keys there, past the implementation */
  removeKeys(place: DeployKeyPlace): Promise<void>;
  cleanup(): Promise<void>;
}

const WRITE = { readOnly: false, recheck: false };
const READ = { readOnly: true, recheck: false };

/** Every DeployKeys, the fake included, passes this suite. */
export function describeDeployKeys(
  implementation: string,
  createHarness: () => Promise<DeployKeysHarness>,
): void {
  describe(`DeployKeys: ${implementation}`, () => {
    let harness: DeployKeysHarness;
    let readToken: ReadToken;
    const { signal } = new AbortController();

    beforeAll(async () => {
      harness = await createHarness();
      readToken = async () => harness.token;
    });
    afterAll(() => harness.cleanup());

    const aPlace = () => harness.aPlace(anOwner().uid);

    async function made(keys: DeployKeys, place: DeployKeyPlace, options = WRITE): Promise<DeployKey> {
      await expect.poll(() => keys.ensure(place, options, readToken).kind).toBe("ready");
      const state = keys.ensure(place, options, readToken);
      if (state.kind !== "ready") throw new Error(`the key is ${state.kind}`);
      return state.key;
    }

    it("makes one key in the background and keeps it", async () => {
      const [keys, place] = [harness.create(), await aPlace()];

      expect(keys.ensure(place, WRITE, readToken)).toEqual({ kind: "making" });
      const key = await made(keys, place);

      expect(key.privateKey).not.toBe("");
      expect(key.privateKey).not.toContain(harness.token);
      expect(await made(keys, place)).toEqual(key);
      expect(await harness.keysAt(place)).toEqual([{ title: expect.any(String) as string, readOnly: false }]);
    });

    it("gives each place a key of its own", async () => {
      const [keys, one, other] = [harness.create(), await aPlace(), await aPlace()];

      expect((await made(keys, one)).version).not.toBe((await made(keys, other)).version);
    });

    it("makes a key that may only read, and another one when it shall write", async () => {
      const [keys, place] = [harness.create(), await aPlace()];

      const reading = await made(keys, place, READ);
      expect(await harness.keysAt(place)).toMatchObject([{ readOnly: true }]);
      const writing = await made(keys, place, WRITE);

      expect(writing.version).not.toBe(reading.version);
      expect(await harness.keysAt(place)).toMatchObject([{ readOnly: false }]);
    });

    it("replaces what a process that was killed left behind", async () => {
      const place = await aPlace();
      const before = await made(harness.create(), place);

      const after = await made(harness.create(), place);

      expect(after.version).not.toBe(before.version);
      expect(await harness.keysAt(place)).toHaveLength(1);
    });

    it("makes a key anew that somebody removed, once it is told to look", async () => {
      const [keys, place] = [harness.create(), await aPlace()];
      const before = await made(keys, place);
      await harness.removeKeys(place);

      expect((await made(keys, place)).version).toBe(before.version);
      const recheck = { ...WRITE, recheck: true };
      await expect
        .poll(() => {
          const state = keys.ensure(place, recheck, readToken);
          return state.kind === "ready" && state.key.version !== before.version;
        })
        .toBe(true);

      expect(await harness.keysAt(place)).toHaveLength(1);
    });

    it("keeps a key that is there when it is told to look", async () => {
      const [keys, place] = [harness.create(), await aPlace()];
      const before = await made(keys, place);
      keys.ensure(place, { ...WRITE, recheck: true }, readToken);

      expect((await made(keys, place)).version).toBe(before.version);
      expect(await harness.keysAt(place)).toHaveLength(1);
    });

    it("removes every key of a place, of earlier processes too, and no other", async () => {
      const [place, neighbour] = [await aPlace(), await aPlace()];
      await harness.addForeignKey(place, "somebody's laptop");
      await made(harness.create(), place);
      const keys = harness.create();
      await made(keys, neighbour);

      await keys.remove(place, readToken, signal);
      await keys.remove(place, readToken, signal);

      expect(await harness.keysAt(place)).toMatchObject([{ title: "somebody's laptop" }]);
      expect(await harness.keysAt(neighbour)).toHaveLength(1);
    });

    it("leaves no key when it is removed while it is made", async () => {
      const [keys, place] = [harness.create(), await aPlace()];

      keys.ensure(place, WRITE, readToken);
      await keys.remove(place, readToken, signal);

      expect(await harness.keysAt(place)).toEqual([]);
    });

    it("says that a token is not taken, and never the token", async () => {
      const [keys, place] = [harness.create(), await aPlace()];
      const wrong = async () => "wrong-token-of-the-suite";

      await expect.poll(() => keys.ensure(place, WRITE, wrong).kind).toBe("failed");

      expect(JSON.stringify(keys.ensure(place, WRITE, wrong))).not.toContain("wrong-token-of-the-suite");
      const removed = keys.remove(place, wrong, signal);
      await expect(removed).rejects.toThrow(DeployKeyError);
      await expect(removed).rejects.not.toThrow("wrong-token-of-the-suite");
      expect(await harness.keysAt(place)).toEqual([]);
    });
  });
}
