import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aBb, type Bb } from "../integration/cli-kit.ts";
import { aSmallDisk, type SmallDisk } from "../integration/small-disk.ts";
import { untilReady } from "./docker-kit.ts";

/** A name that leads nowhere (RFC 6761): what passes the policy ends in 502. */
const HOST = "allowed.invalid";
const BOTTLE = `apiVersion: bot-bottle.dev/v1alpha1
kind: Bottle
metadata: { name: b }
spec:
  provider: { name: claude }
  egress: { routes: [{ host: ${HOST} }] }
`;

/** The audit lies on a disk of its own, which the control plane alone sees. */
let folder: string;
let disk: SmallDisk;
let bb: Bb;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bb-audit-disk-"));
  const stateDir = join(folder, "state");
  mkdirSync(join(stateDir, "audit"), { recursive: true, mode: 0o700 });
  disk = await aSmallDisk(join(stateDir, "audit"), 1);
  bb = aBb({ BB_RUNTIME: "docker", BB_STATE_DIR: stateDir }, disk.enter);
  expect(await bb(["apply", "-f", "-"], { input: BOTTLE })).toMatchObject({ code: 0 });
  await untilReady(bb, "b");
}, 900_000);
afterAll(async () => {
  const removed = await bb(["cleanup", "--all", "--yes"]);
  await bb.end();
  await disk.end();
  rmSync(folder, { recursive: true, force: true });
  expect([removed.code, removed.code === 0 ? "" : removed.stderr]).toEqual([0, ""]);
});

/** Status of a CONNECT of the agent's, and of the request in it. */
async function ask(path: string): Promise<string> {
  const written = "%{http_connect} %{http_code}";
  const curl = ["curl", "--silent", "--max-time", "20", "-o", "/dev/null", "--write-out", written];
  const ran = await bb(["exec", "b", "--", ...curl, `https://${HOST}${path}`]);
  expect(ran.stderr).toBe("");
  return ran.stdout.trim();
}

async function failing(): Promise<{ status: string; message: string } | undefined> {
  const { stdout } = await bb(["get", "bottle", "b", "-o", "json"]);
  const { status } = JSON.parse(stdout) as {
    status: { conditions: { type: string; status: string; message: string }[] };
  };
  return status.conditions.find(({ type }) => type === "AuditFailing");
}

const SOON = { timeout: 30_000, interval: 300 };

describe("a full disk of the audit", () => {
  it("stops requests and is a condition until there is room, and no record is lost", async () => {
    expect(await ask("/before")).toBe("200 502");
    expect(await failing()).toBeUndefined();

    disk.fill();
    // what is left of the file's last page takes some records yet
    let asked = 0;
    const askAndLook = async (): ReturnType<typeof failing> => {
      await ask(`/full-${(asked += 1)}/${"x".repeat(500)}`);
      return failing();
    };
    await expect.poll(askAndLook, SOON).toMatchObject({
      status: "True",
      message: expect.stringContaining("ENOSPC"),
    });
    await expect.poll(() => ask("/while-full"), SOON).toBe("503 000");

    disk.free();
    await expect.poll(failing, SOON).toBeUndefined();
    await expect.poll(() => ask("/after"), SOON).toBe("200 502");
    const file = join(disk.folder, "default_b.ndjson");
    await expect.poll(() => readFileSync(file, "utf8"), SOON).toContain('"/after"');
    const records = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      // what was cut off when there was no room stands there whole behind it
      .filter((line) => line.endsWith("}"))
      .map((line) => JSON.parse(line) as { sequence: number; path?: string });
    // numbered from 1 on: each is there once, those that found no room too
    expect(records.map(({ sequence }) => sequence)).toEqual(records.map((_, index) => index + 1));
    expect(records.filter(({ path }) => path?.startsWith("/full-1/"))).toHaveLength(1);
  });
});
