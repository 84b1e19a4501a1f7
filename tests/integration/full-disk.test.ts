import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aBb, type Bb, type Ran } from "./cli-kit.ts";
import { aSmallDisk, type SmallDisk } from "./small-disk.ts";

const bottle = (name: string): string => `apiVersion: bot-bottle.dev/v1alpha1
kind: Bottle
metadata: { name: ${name} }
spec: { provider: { name: none, image: x } }
`;

let folder: string;
let disk: SmallDisk;
let bb: Bb;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bb-small-"));
  disk = await aSmallDisk(folder, 4);
  const environment = { BB_STATE_DIR: join(folder, "state"), BB_CONFIG_DIR: join(folder, "config") };
  bb = aBb(environment, disk.enter);
});
afterEach(async () => {
  disk.free();
  await bb.end();
  await disk.end();
  rmSync(folder, { recursive: true });
});

function expectFull(ran: Ran): void {
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/^error: .*(is full|no space left)/m);
  expect(ran.stderr).toContain(join(folder, "state"));
  expect(ran.stderr).toMatch(/[Ff]ree some space|make room/);
  expect(ran.stdout + ran.stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
}

async function processOf(): Promise<number> {
  const { stdout } = await bb(["status", "-o", "json"]);
  return (JSON.parse(stdout) as { process: number }).process;
}

describe("a full disk", () => {
  it("refuses what would change something, shows what there is, and the control plane lives on", async () => {
    await bb(["apply", "-f", "-"], { input: bottle("before") });
    expect(await bb(["wait", "bottle/before", "--timeout", "20s"])).toMatchObject({ code: 0 });
    const before = await processOf();
    disk.fill();
    // more than once: each failure is logged, and the log has no room either
    for (const words of [
      ["apply", "-f", "-"],
      ["stop", "before"],
      ["delete", "bottle", "before"],
    ]) {
      expectFull(await bb(words, { input: bottle("after") }));
      expectFull(await bb(words, { input: bottle("after") }));
    }
    expectFull(await bb(["secret", "set", "s", "--key", "k"], { input: "value" }));
    expect((await bb(["get", "bottles", "-o", "name"])).stdout).toBe("bottle.bot-bottle.dev/before\n");
    expect(await bb(["exec", "before", "--", "echo", "works on"])).toMatchObject({ code: 0 });
    expect(await processOf()).toBe(before);

    disk.free();
    expect(await bb(["apply", "-f", "-"], { input: bottle("after") })).toMatchObject({ code: 0 });
    const both = ["bottle/before", "bottle/after"];
    expect(await bb(["wait", ...both, "--timeout", "20s"])).toMatchObject({ code: 0 });
    expect(await processOf()).toBe(before);
  });

  it("keeps a control plane from starting, says so, and loses nothing", async () => {
    await bb(["apply", "-f", "-"], { input: bottle("before") });
    await bb(["wait", "bottle/before", "--timeout", "20s"]);
    const [token, process_] = [kubeconfig(), await processOf()];
    disk.fill();
    process.kill(process_, "SIGKILL");
    expectFull(await bb(["up"]));
    expectFull(await bb(["get", "bottles"]));
    disk.free();
    expect((await bb(["get", "bottles", "-o", "name"])).stdout).toBe("bottle.bot-bottle.dev/before\n");
    expect(await bb(["wait", "bottle/before", "--timeout", "20s"])).toMatchObject({ code: 0 });
    expect(kubeconfig()).toBe(token);
  });

  it("leaves nothing half-made of the very first start", async () => {
    disk.fill();
    expectFull(await bb(["up"]));
    disk.free();
    expect(await bb(["up"])).toMatchObject({ code: 0 });
    expect(await bb(["get", "bottles"])).toMatchObject({ code: 0 });
  });
});

const kubeconfig = (): string => readFileSync(join(disk.folder, "state", "kubeconfig"), "utf8");
