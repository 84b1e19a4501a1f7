import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bottle } from "../../crds/bottle.ts";
import { type GitUpstream, startGitUpstream } from "../escape/git-upstream.ts";
import type { Ran } from "../integration/cli-kit.ts";
import { aDockerBb, bottleYaml, type DockerBb, makeReady, untilReady } from "./docker-kit.ts";

/** A git remote through the whole product: `bb`, the control plane, the sidecars, a real sshd, and back into status. */

let world: DockerBb;
let upstream: GitUpstream | undefined;

beforeAll(async () => {
  world = aDockerBb();
  await makeReady(world, "b");
  const uplink = `bb-${readFileSync(join(world.bb.stateDir, "instance"), "utf8").trim()}-uplink`;
  const format = "{{(index .IPAM.Config 0).Gateway}}";
  const { stdout: gateway } = await world.docker("network", "inspect", uplink, "--format", format);
  upstream = await startGitUpstream(gateway.trim());
}, 900_000);
afterAll(async () => {
  await upstream?.close();
  await world.end();
}, 120_000);

const theUpstream = (): GitUpstream => {
  if (upstream === undefined) throw new Error("there is no upstream");
  return upstream;
};
const agent = (script: string): Promise<Ran> => world.bb(["exec", "b", "--", "sh", "-c", script]);
const bottle = async (): Promise<Bottle> =>
  JSON.parse((await world.bb(["get", "bottle", "b", "-o", "json"])).stdout) as Bottle;

const withRemote = (): string => {
  const { url, knownHost = "" } = theUpstream().remote;
  return `${bottleYaml("b").trimEnd().slice(0, -2)},
  git: { user: { name: Bot, email: bot@example.com }, remotes: [
    { name: app, url: "${url}", knownHost: "${knownHost}", identity: { secretRef: { name: forge, key: private } } } ] } }
`;
};

describe("a git remote that is added to a bottle that runs", () => {
  it("waits for its key, and then is ready without a new container", async () => {
    const before = await world.containers();
    expect(await world.bb(["apply", "-f", "-"], { input: withRemote() })).toMatchObject({ code: 0 });
    await expect
      .poll(async () => JSON.stringify((await bottle()).status), { timeout: 30_000 })
      .toContain("remote app needs it");
    const { port } = theUpstream().sshd;
    const [host = ""] = theUpstream().secret.destinations;
    expect(host).toContain(String(port));
    const set = ["secret", "set", "forge", "--key", "private", "--host", host];
    expect(await world.bb(set, { input: theUpstream().sshd.privateKey })).toMatchObject({ code: 0 });

    await untilReady(world.bb, "b");

    const { status } = await bottle();
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({ type: "GitGateReady", reason: "RemotesReady" }),
    );
    expect(status?.git?.remotes).toMatchObject([{ name: "app", state: "ready" }]);
    expect(await world.containers()).toEqual(before);
  });

  it("is cloned and pushed to by the URL that people know", async () => {
    const { url } = theUpstream().remote;
    const work = [
      `git clone -q '${url}' app`,
      "cd app",
      "echo hello > hello",
      "git add hello",
      "git commit -q -m hello",
      "git push -q origin HEAD:main",
    ];
    expect(await agent(work.join(" && "))).toMatchObject({ code: 0 });

    const log = execFileSync("git", ["-C", theUpstream().repository, "log", "--format=%an %s", "main"], {
      encoding: "utf8",
    });
    expect(log).toBe("Bot hello\n");
    await expect
      .poll(async () => (await bottle()).status?.git?.remotes?.[0]?.lastPush, { timeout: 20_000 })
      .toMatchObject({
        outcome: "accepted",
        refs: ["refs/heads/main"],
      });
  });

  it("is not there any more when it leaves the spec", async () => {
    expect(await world.bb(["apply", "-f", "-"], { input: bottleYaml("b") })).toMatchObject({ code: 0 });
    await expect.poll(async () => (await bottle()).status?.git?.remotes, { timeout: 30_000 }).toEqual([]);

    expect(await agent("git ls-remote http://git-gate:9420/app.git")).not.toMatchObject({ code: 0 });
    await expect
      .poll(async () => (await agent("git config --get-regexp insteadof")).stdout, { timeout: 20_000 })
      .toBe("");
  });
});
