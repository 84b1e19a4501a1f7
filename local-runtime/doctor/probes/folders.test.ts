import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { probeCa, probeDisk, probeStateFolder } from "./folders.ts";

const WITHOUT_PROC = process.platform !== "linux";
if (WITHOUT_PROC) console.log("SKIPPED finding control planes: this machine has no /proc");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "folders-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("probeDisk", () => {
  it("asks the nearest folder that is there", async () => {
    expect((await probeDisk("x", join(folder, "not/yet/there"))).freeBytes).toBeGreaterThan(0);
  });
});

describe("probeCa", () => {
  it.each([
    ["two certificates", "-----BEGIN CERTIFICATE-----\nA\n-----BEGIN CERTIFICATE-----\nB\n", 2],
    ["none", "words", 0],
  ])("counts %s", async (_what, text, certificates) => {
    await writeFile(join(folder, "ca.pem"), text);
    expect((await probeCa("X", join(folder, "ca.pem"))).certificates).toBe(certificates);
  });

  it("says that a file cannot be read", async () => {
    expect((await probeCa("X", join(folder, "nothing"))).certificates).toBeUndefined();
  });
});

describe("probeStateFolder", () => {
  it("finds one that is not there and can be made", async () => {
    const { state } = await probeStateFolder(join(folder, "a/b"));
    expect(state).toEqual({ kind: "absent", parentWritable: true });
  });

  it("reads its mode and owner", async () => {
    await mkdir(join(folder, "state"));
    await chmod(join(folder, "state"), 0o750);
    const { state } = await probeStateFolder(join(folder, "state"));
    expect(state).toMatchObject({ kind: "present", ours: true, isFolder: true });
    expect(state.kind === "present" && state.mode & 0o777).toBe(0o750);
  });

  it.skipIf(WITHOUT_PROC)("finds the control planes of this folder and of no other", async () => {
    const program = join(folder, "controller.mjs");
    await writeFile(program, "setInterval(() => undefined, 1000)");
    const start = (stateFolder: string) =>
      spawn(process.execPath, [program], { env: { BB_STATE_DIR: stateFolder }, stdio: "ignore" });
    const [ours, other] = [start(folder), start("/elsewhere")];
    try {
      let found: readonly number[] = [];
      for (let tries = 0; tries < 100 && found.length === 0; tries++) {
        found = (await probeStateFolder(folder)).controlPlanes;
        await delay(20);
      }
      expect(found).toEqual([ours.pid]);
    } finally {
      ours.kill();
      other.kill();
    }
  });
});
