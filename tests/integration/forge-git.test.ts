import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ForgeDeployKeys } from "../../controller/deploy-keys/index.ts";
import { systemClock } from "../../controller/engine/index.ts";
import type { DeployKeyPlace } from "../../reconcilers/contract/deploy-keys.ts";
import { compileRemotes } from "../../sidecars/wire/compile-git.ts";

import { whyNoForge } from "./forge/binary.ts";
import { startForge, type Forge } from "./forge-kit.ts";
import { startJudgingWorld } from "./git-evasions-kit.ts";
import { startGate } from "./git-gates.ts";
import type { GitWorld } from "./git-kit.ts";
import { SECRET } from "./git-push-kit.ts";

// the first time, Gitea is built
vi.setConfig({ hookTimeout: 900_000 });

const missing = whyNoForge();
if (missing !== undefined) console.log(`SKIPPED git through a real Gitea: ${missing}`);

const { signal } = new AbortController();

describe.skipIf(missing !== undefined)("git through a real Gitea, with a deploy key", () => {
  let forge: Forge;
  let world: GitWorld;
  const keys = new ForgeDeployKeys({
    instance: "0123456789abcdef",
    hasBottle: async () => true,
    clock: systemClock,
    signal,
  });
  const readToken = async (): Promise<string> => forge.token;
  beforeAll(async () => {
    forge = await startForge();
    world = await startJudgingWorld({ stopped: true });
  });
  afterAll(async () => {
    await world.close();
    await forge.close();
  });

  /** A remote with a key of its own, and a gate that serves it as `app` and lets all branches through. */
  async function serve({ readOnly = false } = {}) {
    const name = `r-${randomUUID()}`;
    const url = await forge.createRepository(name);
    const repository = `${forge.owner}/${name}`;
    const { url: forgeUrl, caBundle, knownHost } = forge;
    const place: DeployKeyPlace = { bottleUid: randomUUID(), remote: "app", forgeUrl, caBundle, repository };
    const wanted = { readOnly, recheck: false };
    await expect.poll(() => keys.ensure(place, wanted, readToken).kind).toBe("ready");
    const made = keys.ensure(place, wanted, readToken);
    if (made.kind !== "ready") throw new Error("no key");
    const identity = { secretRef: { name: "forge", key: "token" } };
    const remotes = [{ name: "app", url, knownHost, identity, keyProvider: "gitea" as const }];
    const [policy] = compileRemotes({ remotes });
    if (policy === undefined) throw new Error("no remote");
    await world.gate?.close();
    const declared = [{ policy, secret: made.key.privateKey }];
    world.gate = await startGate({ ...world.options, remotes: declared }, world.socket);
    return { name, place, repository };
  }

  const branchesOf = async (repository: string): Promise<string[]> =>
    ((await forge.call("GET", `/repos/${repository}/branches`)).body as { name: string }[]).map(
      ({ name }) => name,
    );

  it("is cloned and pushed to, and nothing with a secret arrives", async () => {
    const { repository } = await serve();
    const work = await world.clone("pushing");
    await world.commit(work, "a.txt", "hello\n");
    await world.must(work, "push", "-q", "origin", "HEAD:refs/heads/work");
    expect((await branchesOf(repository)).toSorted()).toEqual(["main", "work"]);

    await world.commit(work, "key.txt", `${SECRET}\n`);
    const refused = await world.git(work, "push", "origin", "HEAD:refs/heads/leak");
    expect(refused.stderr).toContain("aws-access-key");
    expect(refused.stderr).not.toContain(SECRET);
    expect((await branchesOf(repository)).toSorted()).toEqual(["main", "work"]);
  });

  it("is read and not written with a key that may only read, whatever the gate lets through", async () => {
    const { repository, name } = await serve({ readOnly: true });
    expect(await forge.keysOf(name)).toMatchObject([{ read_only: true }]);
    const work = await world.clone("reading");
    await world.commit(work, "a.txt", "hello\n");
    const refused = await world.git(work, "push", "origin", "HEAD:refs/heads/work");
    expect(refused.code).not.toBe(0);
    expect(await branchesOf(repository)).toEqual(["main"]);
  });

  it("opens nothing any more once the key was removed", async () => {
    const { place, name } = await serve();
    await world.clone("before");
    await keys.remove(place, readToken, signal);
    expect(await forge.keysOf(name)).toEqual([]);
    const after = await world.git(world.folder, "clone", world.url, "after");
    expect(after.code).not.toBe(0);
  });
});
