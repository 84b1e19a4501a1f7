import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { probeEngine } from "./engine.ts";

let folder: string;
let server: Server | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-"));
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

const socket = () => join(folder, "docker.sock");
const probe = (signal = new AbortController().signal) => probeEngine(socket(), signal);

/** An engine that answers each path with what `answers` has for it, or not at all. */
async function anEngine(answers: Readonly<Record<string, object>>, status = 200): Promise<void> {
  server = createServer((request, response) => {
    const answer = answers[request.url ?? ""];
    if (answer !== undefined)
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server?.listen(socket(), resolve));
}

describe("probeEngine", () => {
  it("reads what an engine says of itself", async () => {
    await anEngine({
      "/version": { Version: "28.1.0", ApiVersion: "1.49", Os: "linux", Arch: "amd64" },
      "/info": {
        Driver: "overlay2",
        CgroupVersion: "2",
        SecurityOptions: ["name=seccomp"],
        MemoryLimit: true,
        PidsLimit: true,
      },
    });
    expect(await probe()).toMatchObject({
      kind: "answers",
      facts: {
        version: "28.1.0",
        storageDriver: "overlay2",
        limits: { memory: true, pids: true, cpu: false },
      },
    });
  });

  it("finds no socket", async () => {
    expect(await probe()).toEqual({ kind: "noSocket" });
  });

  it("finds that nobody listens", async () => {
    await writeFile(socket(), "");
    expect(await probe()).toEqual({ kind: "nobodyListens" });
  });

  it("finds that what listens does not answer", async () => {
    await anEngine({});
    expect(await probe()).toEqual({ kind: "silent" });
  }, 10_000);

  it("finds that it answers with an error", async () => {
    await anEngine({ "/version": { message: "no" } }, 500);
    expect(await probe()).toMatchObject({ kind: "broken" });
  });

  it("ends when it is told to", async () => {
    await anEngine({});
    const given = new AbortController();
    const probing = probe(given.signal);
    given.abort(new Error("enough"));
    await expect(probing).rejects.toThrow("enough");
  });
});
