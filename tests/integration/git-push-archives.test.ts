import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { zipOf } from "./git-hidings.ts";
import { PushRepository, rulesOf, SECRET } from "./git-push-kit.ts";

let repository: PushRepository;
beforeEach(() => void (repository = new PushRepository()));
afterEach(() => repository[Symbol.dispose]());

const rulesFor = async (content: Buffer): Promise<string[]> =>
  rulesOf(await repository.inspect({ to: repository.commit({ files: { a: content } }) }));

/** A zip archive that Python makes, which is as others make it. */
function zipByPython(lines: readonly string[]): Buffer {
  const script = ["import io, sys, zipfile", "b = io.BytesIO()", "z = zipfile.ZipFile(b, 'w')", ...lines];
  const end = ["z.close()", "sys.stdout.buffer.write(b.getvalue())"];
  return execFileSync("python3", ["-c", [...script, ...end].join("\n")], { maxBuffer: 64 * 1024 * 1024 });
}

describe("an archive", () => {
  it.each(["ZIP_STORED", "ZIP_DEFLATED"])("of another program is looked into: %s", async (method) => {
    const secret = `'''${`words\\n`.repeat(100)}key=${SECRET}\\n'''`;
    const dirty = zipByPython([`z.writestr('sub/a.txt', ${secret}, zipfile.${method})`]);
    const clean = zipByPython([`z.writestr('sub/a.txt', 'words' * 100, zipfile.${method})`]);

    expect(await rulesFor(dirty)).toEqual(["aws-access-key-id"]);
    expect(await rulesFor(clean)).toEqual([]);
  });

  it("is said to be where the secret is", async () => {
    const verdict = await repository.inspect({
      to: repository.commit({ files: { "a.jar": zipOf(`key=${SECRET}\n`) } }),
    });

    expect(JSON.stringify(verdict)).toMatch(/path a\.jar, as zip"/);
  });

  it("of thousands of files, or of what cannot be opened, passes", async () => {
    const many = ["for i in range(5000): z.writestr(f'f{i}', f'line {i}' * 50, zipfile.ZIP_DEFLATED)"];

    expect(await rulesFor(zipByPython(many))).toEqual([]);
    expect(
      await rulesFor(Buffer.concat([Buffer.from("7z\xbc\xaf\x27\x1c", "latin1"), randomBytes(5000)])),
    ).toEqual([]);
    expect(await rulesFor(Buffer.concat([Buffer.from("BZh9"), randomBytes(5000)]))).toEqual([]);
    expect(await rulesFor(zipOf("clean").subarray(0, 33))).toEqual([]);
  });

  it("that unfolds into too much is refused", async () => {
    const bomb = zipOf(Buffer.alloc(65 * 1024 * 1024));
    const bombs = Buffer.concat(Array.from({ length: 9 }, () => zipOf(Buffer.alloc(60 * 1024 * 1024))));

    expect(await rulesFor(bomb)).toEqual(["BodyTooLarge"]);
    expect(await rulesFor(bombs)).toEqual(["BodyTooLarge"]);
  });

  it("in more archives than anybody makes is refused", async () => {
    const nested = (depth: number): Buffer => (depth === 0 ? gzipSync("clean") : zipOf(nested(depth - 1)));

    expect(await rulesFor(nested(3))).toEqual([]);
    expect(await rulesFor(nested(6))).toEqual(["BodyTooLarge"]);
  });

  it("of nothing but beginnings is refused in time", async () => {
    const head = zipOf("").subarray(0, 30);

    expect(await rulesFor(Buffer.concat(Array.from({ length: 120_000 }, () => head)))).toEqual([
      "BodyTooLarge",
    ]);
  }, 60_000);
});
