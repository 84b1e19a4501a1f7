import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readConnection } from "../../controller/state-folder.ts";
import { aBb, type Bb } from "./cli-kit.ts";
import { whyNoForge } from "./forge/binary.ts";
import { startForge, type Forge } from "./forge-kit.ts";

// the first time, Gitea is built
vi.setConfig({ hookTimeout: 900_000 });

const missing = whyNoForge();
if (missing !== undefined) console.log(`SKIPPED bottles with deploy keys at a real Gitea: ${missing}`);

describe.skipIf(missing !== undefined)("a bottle with a deploy key at a real Gitea", () => {
  let forge: Forge;
  let bb: Bb;
  beforeAll(async () => {
    forge = await startForge();
    bb = aBb();
    const fingerprint = new X509Certificate(forge.caBundle).fingerprint256.replaceAll(":", "").toLowerCase();
    const set = ["secret", "set", "forge", "--key", "token", "--from-env", "FORGE_TOKEN"];
    const hosts = ["--host", new URL(forge.url).host, `sha256:${fingerprint}`];
    const environment = { FORGE_TOKEN: forge.token };
    expect(await bb([...set, ...hosts], { environment })).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await bb.end();
    await forge.close();
  });

  async function apply(name: string): Promise<void> {
    const url = await forge.createRepository(name);
    const input = JSON.stringify({
      apiVersion: "bot-bottle.dev/v1alpha1",
      kind: "Bottle",
      metadata: { name },
      spec: {
        provider: { name: "none", image: "x" },
        git: {
          remotes: [
            {
              ...{ name: "app", url, knownHost: forge.knownHost, keyProvider: "gitea" },
              identity: { secretRef: { name: "forge", key: "token" } },
              forge: { url: forge.url, caBundle: forge.caBundle },
              push: { branches: [] },
            },
          ],
        },
      },
    });
    expect(await bb(["apply", "-f", "-"], { input })).toMatchObject({ code: 0 });
    expect(await bb(["wait", `bottle/${name}`, "--timeout", "60s"])).toMatchObject({ code: 0 });
  }

  it("has one that may only read, and takes it along", async () => {
    await apply("reader");
    expect(await forge.keysOf("reader")).toMatchObject([{ read_only: true }]);
    const { stdout } = await bb(["git", "status", "reader"]);
    expect(stdout).toMatch(/^GitGateReady +True/m);
    expect(stdout).toMatch(/^app +ready .*ssh:\/\/git@127\.0\.0\.1:\d+\/owner\/reader\.git$/m);
    expect(await bb(["delete", "bottle", "reader"])).toMatchObject({ code: 0 });
    expect(await forge.keysOf("reader")).toEqual([]);
  });

  it("has one again after its controller was killed, and no second one", async () => {
    await apply("killed");
    const [before] = await forge.keysOf("killed");
    process.kill(readConnection(bb.stateDir)?.pid ?? 0, "SIGKILL");
    const environment = { FORGE_TOKEN: forge.token };
    await bb(["up"], { environment });
    const again = ["secret", "set", "forge", "--key", "token", "--from-env", "FORGE_TOKEN"];
    expect(await bb(again, { environment })).toMatchObject({ code: 0 });
    await expect
      .poll(async () => (await forge.keysOf("killed")).map(({ id }) => id !== before?.id))
      .toEqual([true]);
    expect(await bb(["wait", "bottle/killed", "--timeout", "60s"])).toMatchObject({ code: 0 });
  });

  it("is not gone before its key is, when the forge is down", async () => {
    await apply("down");
    await forge.stop();
    const early = await bb(["delete", "bottle", "down", "--timeout", "3s"]);
    expect(early.code).not.toBe(0);
    const { stdout } = await bb(["get", "bottle", "down", "-o", "yaml"]);
    expect(stdout).toContain("nothing listens there");
    expect(stdout).not.toContain(forge.token);
    await forge.start();
    expect(await bb(["wait", "bottle/down", "--for", "delete", "--timeout", "50s"])).toMatchObject({
      code: 0,
    });
    expect(await forge.keysOf("down")).toEqual([]);
  });

  it("leaves its token and its key in no file of the control plane", () => {
    const files = readdirSync(bb.stateDir, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    const kept = files
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1"))
      .join("\n");
    expect(kept).toContain("owner/down");
    expect(kept).not.toContain(forge.token);
    expect(kept).not.toContain("OPENSSH PRIVATE KEY");
  });
});
