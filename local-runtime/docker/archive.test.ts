import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { extract } from "tar-stream";
import type { ProvisionedFile } from "../../reconcilers/contract/sandbox-runtime.ts";
import { anOwner, aSandboxSpec } from "../../tests/builders.ts";
import { provisioningArchive } from "./archive.ts";

const home = { volume: "home", path: "/home/node", readOnly: false };
const agent = { uid: 1000, gid: 1000 };
const root = { uid: 0, gid: 0 };

const aFile = (path: string, fields: Partial<ProvisionedFile> = {}): ProvisionedFile => ({
  path,
  content: "",
  mode: 0o644,
  owner: path.startsWith("/home") ? agent : root,
  ...fields,
});

async function entriesOf(files: readonly ProvisionedFile[], homeFiles: readonly ProvisionedFile[]) {
  const archive = await provisioningArchive(
    aSandboxSpec(anOwner(), "agent", { mounts: [home], files, homeFiles }),
  );
  const reading = extract();
  reading.end(archive);
  const entries = [];
  for await (const entry of reading) {
    const { name, type, mode, uid, gid } = entry.header;
    entries.push(`${type} ${name} ${mode?.toString(8)} ${uid}:${gid}`);
    entry.resume();
  }
  return entries;
}

describe("provisioningArchive", () => {
  it("is nothing when there is nothing to write", async () => {
    expect(await provisioningArchive(aSandboxSpec(anOwner(), "agent"))).toBeUndefined();
  });

  it("has an entry for every folder from the home down, none above it, and none outside", async () => {
    const files = [aFile("/etc/bot-bottle/ca.pem", { mode: 0o444 })];
    const homeFiles = [
      aFile("/home/node/.claude/skills/review/SKILL.md"),
      aFile("/home/node/.claude/settings.json"),
    ];

    expect(await entriesOf(files, homeFiles)).toEqual([
      "directory home/node 755 1000:1000",
      "directory home/node/.claude 755 1000:1000",
      "directory home/node/.claude/skills 755 1000:1000",
      "directory home/node/.claude/skills/review 755 1000:1000",
      "file etc/bot-bottle/ca.pem 444 0:0",
      "file home/node/.claude/skills/review/SKILL.md 644 1000:1000",
      "file home/node/.claude/settings.json 644 1000:1000",
    ]);
  });

  it("writes text as it is, and what is no text from base64", async () => {
    const files = [
      aFile("/etc/text", { content: "AP8=" }),
      aFile("/etc/bytes", { content: "AP8=", encoding: "base64" }),
    ];
    const reading = extract();
    reading.end(await provisioningArchive(aSandboxSpec(anOwner(), "agent", { files })));
    const contents = [];
    for await (const entry of reading) contents.push(await buffer(entry));
    expect(contents).toEqual([Buffer.from("AP8="), Buffer.from([0, 255])]);
  });

  it("refuses a file that would be written through a volume, or a home file outside of it", async () => {
    await expect(entriesOf([aFile("/home/node/.bashrc")], [])).rejects.toThrow("through a volume");
    await expect(entriesOf([aFile("/etc/../home/node/.bashrc")], [])).rejects.toThrow("through a volume");
    await expect(entriesOf([], [aFile("/etc/passwd")])).rejects.toThrow("does not lie in the home");
    await expect(entriesOf([], [aFile("/home/node/../../etc/passwd")])).rejects.toThrow(
      "does not lie in the home",
    );
    await expect(entriesOf([], [aFile("/home/nodejs/x")])).rejects.toThrow("does not lie in the home");
  });
});
