import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  CAPABILITIES,
  deltaOf,
  expectNothingArrived,
  type Holdings,
  holdingsOf,
  objectId,
  type PackEntry,
  packOf,
  pushRaw,
  startJudgingWorld,
} from "./git-evasions-kit.ts";
import type { GitWorld } from "./git-kit.ts";
import { NONE, SECRET } from "./git-push-kit.ts";

const MIB = 1024 * 1024;

let world: GitWorld;
let before: Holdings;
beforeAll(async () => {
  world = await startJudgingWorld({ policy: { maxBlobBytes: 8 * MIB, maxInflatedBytes: 64 * MIB } });
});
afterAll(() => world.close());
beforeEach(() => void (before = holdingsOf(world, world.upstream)));

const line = Buffer.from(`key=${SECRET}\n`);
const blob = (bytes: Buffer): PackEntry & { readonly type: "blob"; readonly bytes: Buffer } => ({
  type: "blob",
  bytes,
});

/** A commit of one file. */
function commitOf(file: Buffer, parents: readonly string[] = []): { id: string; entries: PackEntry[] } {
  const tree = Buffer.concat([Buffer.from("100644 a\0"), Buffer.from(objectId("blob", file), "hex")]);
  const who = "Ann <ann@example.com> 1700000000 +0000";
  const above = parents.map((id) => `parent ${id}\n`).join("");
  const text = `tree ${objectId("tree", tree)}\n${above}author ${who}\ncommitter ${who}\n\nby hand\n`;
  const commit = Buffer.from(text);
  return {
    id: objectId("commit", commit),
    entries: [{ type: "commit", bytes: commit }, { type: "tree", bytes: tree }, blob(file)],
  };
}

const create = (ref: string, to: string): string => `${NONE} ${to} ${ref}\0${CAPABILITIES}`;
const work = (to: string): string => create("refs/heads/work", to);

describe("a push that no git made", () => {
  it("is taken when it is as git makes it", async () => {
    const { id, entries } = commitOf(Buffer.from("clean\n"));

    expect(await pushRaw(world, [create("refs/heads/by-hand", id)], packOf(entries))).toContain(
      "ok refs/heads/by-hand",
    );
    expect(world.refs(world.upstream)["refs/heads/by-hand"]).toBe(id);
  });

  it("is refused for a secret, in an object that comes twice", async () => {
    const { id, entries } = commitOf(line);

    const answer = await pushRaw(world, [work(id)], packOf([...entries, blob(line)]));

    expect(answer).toMatch(/aws-access-key-id|unpack/);
    expect(answer).not.toContain("ok refs/");
    expectNothingArrived(world, before);
  });

  it("is refused for a secret that a delta makes of what the gate has", async () => {
    const base = Buffer.from("hello\n");
    const { id, entries } = commitOf(Buffer.concat([base, line]));
    const delta = { base: objectId("blob", base), delta: deltaOf(base.length, 1, line) };

    const answer = await pushRaw(world, [work(id)], packOf([...entries.slice(0, 2), delta]));

    expect(answer).toContain("aws-access-key-id");
    expectNothingArrived(world, before);
  });

  it("is refused when its deltas are made of each other", async () => {
    const { id, entries } = commitOf(line);
    const [one, other] = [objectId("blob", line), objectId("blob", Buffer.from("other"))];
    const cycle = [
      { base: one, delta: deltaOf(5, 1) },
      { base: other, delta: deltaOf(5, 1) },
    ];

    const answer = await pushRaw(world, [work(id)], packOf([...entries.slice(0, 2), ...cycle]));

    expect(answer).not.toContain("ok refs/");
    expectNothingArrived(world, before);
  });

  it.each([
    ["promises more objects than come", (pack: Buffer) => pack.subarray(0, 40)],
    ["has a wrong sum", (pack: Buffer) => Buffer.concat([pack.subarray(0, -20), Buffer.alloc(20)])],
    ["is none", () => Buffer.from("no pack at all")],
    ["is not there", () => Buffer.alloc(0)],
  ])("is refused when its pack %s", async (_, spoil) => {
    const { id, entries } = commitOf(Buffer.from("clean\n"));

    expect(await pushRaw(world, [work(id)], spoil(packOf(entries)))).not.toContain("ok refs/");
    expectNothingArrived(world, before);
  });

  it.each([
    "refs/notes/commits",
    "refs/replace/" + "1".repeat(40),
    "refs/pull/1/head",
    "refs/heads/../tags/x",
    "refs/heads/x.lock",
    "refs/heads/",
    "HEAD",
  ])("does not make %s", async (ref) => {
    const { id, entries } = commitOf(Buffer.from("clean\n"));

    const answer = await pushRaw(world, [create(ref, id)], packOf(entries));

    expect(answer).not.toContain(`ok ${ref}`);
    expectNothingArrived(world, before);
  });

  it("is not taken for an option of git's by its name", async () => {
    const { id, entries } = commitOf(Buffer.from("clean\n"));

    await pushRaw(world, [create("refs/heads/--receive-pack=x", id)], packOf(entries));

    expect(world.refs(world.upstream)["refs/heads/--receive-pack=x"]).toBe(id);
  });

  it("is refused when it says that its history is shallow", async () => {
    const parent = commitOf(line);
    const { id, entries } = commitOf(Buffer.from("clean\n"), [parent.id]);

    const answer = await pushRaw(world, [`shallow ${id}\n`, work(id)], packOf(entries));

    expect(answer).not.toContain("ok refs/");
    expectNothingArrived(world, before);
  });

  it("is refused when what it builds on is not there", async () => {
    const { id, entries } = commitOf(Buffer.from("clean\n"), [commitOf(line).id]);

    expect(await pushRaw(world, [work(id)], packOf(entries))).not.toContain("ok refs/");
    expectNothingArrived(world, before);
  });

  it("does not bring its certificate to upstream, nor a secret beside one", async () => {
    const { id, entries } = commitOf(line);
    const certificate = [
      `push-cert\0${CAPABILITIES}\n`,
      "certificate version 0.1\n",
      `pusher ${SECRET} 1700000000 +0000\n`,
      "\n",
      `${NONE} ${id} refs/heads/work\n`,
      "-----BEGIN SSH SIGNATURE-----\n",
      "push-cert-end\n",
    ];

    for (const first of [[], [`shallow ${id}\0`]]) {
      const mirror = holdingsOf(world, world.mirror);

      const answer = await pushRaw(world, [...first, ...certificate], packOf(entries));

      expect(answer).toMatch(/push without --signed/);
      expectNothingArrived(world, before);
      // git would keep it, be the push refused: so a disk fills
      expect(holdingsOf(world, world.mirror)).toEqual(mirror);
    }
  });

  it("does not get objects past the scan that came first, with no ref that leads to them", async () => {
    const { id, entries } = commitOf(Buffer.from("clean, and more\n"));
    await pushRaw(world, [create("refs/heads/first", id)], packOf([...entries, blob(line)]));
    expect(world.refs(world.upstream)["refs/heads/first"]).toBe(id);
    before = holdingsOf(world, world.upstream);

    const answer = await pushRaw(world, [create("refs/tags/later", objectId("blob", line))], packOf([]));

    expect(answer).not.toContain("ok refs/");
    expectNothingArrived(world, before);
  });
});

/** The most memory that a git of this test held while something went on, in bytes. */
async function peakOf<T>(act: Promise<T>): Promise<{ readonly result: T; readonly bytes: number }> {
  let [bytes, isOver] = [0, false];
  const watched = act.finally(() => (isOver = true));
  while (!isOver) {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      bytes = Math.max(bytes, peakOfProcess(pid));
    await new Promise(setImmediate);
  }
  return { result: await watched, bytes };
}

function peakOfProcess(pid: string): number {
  try {
    if (!readFileSync(join("/proc", pid, "environ"), "latin1").includes(world.gateFolder)) return 0;
    const [, kib = "0"] =
      /VmHWM:\s+(\d+) kB/.exec(readFileSync(join("/proc", pid, "status"), "latin1")) ?? [];
    return Number(kib) * 1024;
  } catch {
    // it has ended
    return 0;
  }
}

describe("a small pack that unfolds into much", () => {
  const bombs: Record<string, () => { id: string; entries: PackEntry[] }> = {
    "of one file": () => commitOf(Buffer.alloc(400 * MIB)),
    "of a delta": () => {
      const base = Buffer.alloc(4 * MIB, "x\n");
      const whole = Buffer.alloc(400 * MIB, "x\n");
      const { id, entries } = commitOf(whole);
      const delta = { base: objectId("blob", base), delta: deltaOf(base.length, 100) };
      return { id, entries: [...entries.slice(0, 2), blob(base), delta] };
    },
    "of many files": () => {
      const files = Array.from({ length: 60 }, (_, index) => blob(Buffer.alloc(7 * MIB, `${index}\n`)));
      const names = files.map(({ bytes }, index) => [`f${index + 10}`, objectId("blob", bytes)] as const);
      const tree = Buffer.concat(
        names.flatMap(([name, id]) => [Buffer.from(`100644 ${name}\0`), Buffer.from(id, "hex")]),
      );
      const who = "Ann <ann@example.com> 1700000000 +0000";
      const commit = Buffer.from(`tree ${objectId("tree", tree)}\nauthor ${who}\ncommitter ${who}\n\nmany\n`);
      return {
        id: objectId("commit", commit),
        entries: [{ type: "commit", bytes: commit }, { type: "tree", bytes: tree }, ...files],
      };
    },
  };

  it.each(Object.entries(bombs))("%s is refused, and no git holds it whole", async (name, make) => {
    const { id, entries } = make();
    const pack = packOf(entries);

    const began = performance.now();
    const { result, bytes } = await peakOf(pushRaw(world, [work(id)], pack));

    const tookMs = Math.round(performance.now() - began);
    console.log(`bomb ${name}: ${pack.length} bytes sent, ${Math.round(bytes / MIB)} MiB held, ${tookMs} ms`);
    expect(result).not.toContain("ok refs/");
    expect(bytes).toBeLessThan(256 * MIB);
    expectNothingArrived(world, before);
  });
});
