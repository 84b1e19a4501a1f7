import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { request } from "node:http";
import { buffer } from "node:stream/consumers";
import { deflateSync } from "node:zlib";
import { expect } from "vitest";
import { createInspectPush } from "../../sidecars/git-gate/judge/inspect-push.ts";
import { FLUSH, pktLine } from "../../sidecars/git-gate/http/pkt-line.ts";
import { type GitWorld, startGitWorld } from "./git-kit.ts";
import { scanPath, SECRET } from "./git-push-kit.ts";

/** A world whose gate judges pushes as the product does. */
export async function startJudgingWorld(
  options: Omit<NonNullable<Parameters<typeof startGitWorld>[0]>, "inspectPush"> = {},
): Promise<GitWorld> {
  const inspectPush = createInspectPush({ knownValues: () => [], path: await scanPath() });
  return startGitWorld({ ...options, inspectPush });
}

/** What a repository has: every object, reachable or not, and every ref. */
export interface Holdings {
  readonly objects: string;
  readonly refs: Readonly<Record<string, string>>;
}

export function holdingsOf(world: GitWorld, repository: string): Holdings {
  const args = ["-C", repository, "cat-file", "--batch-all-objects", "--batch-check"];
  return { objects: execFileSync("git", args, { encoding: "utf8" }), refs: world.refs(repository) };
}

/** Every object of a repository, raw. */
const objectsOf = (repository: string): string =>
  execFileSync("git", ["-C", repository, "cat-file", "--batch-all-objects", "--batch"], {
    timeout: 20_000,
    maxBuffer: 64 * 1024 * 1024,
  }).toString("latin1");

/** Upstream, the witness, got nothing: no ref, no object, and the secret in none that it had. */
export function expectNothingArrived(world: GitWorld, before: Holdings): void {
  expect(holdingsOf(world, world.upstream)).toEqual(before);
  expect(objectsOf(world.upstream)).not.toContain(SECRET);
  expect(world.refs(world.mirror)).toEqual(before.refs);
}

const TYPES = { commit: 1, tree: 2, blob: 3, tag: 4 } as const;
const REF_DELTA = 7;

/** An object of a pack: whole, or as what a delta makes of another. */
export type PackEntry =
  | { readonly type: keyof typeof TYPES; readonly bytes: Buffer }
  | { readonly base: string; readonly delta: Buffer };

/** A pack made by hand, which need not make sense. `count` is what its head says. */
export function packOf(entries: readonly PackEntry[], count = entries.length): Buffer {
  const head = Buffer.alloc(12);
  head.write("PACK");
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(count, 8);
  const body = Buffer.concat([head, ...entries.map(entryOf)]);
  return Buffer.concat([body, createHash("sha1").update(body).digest()]);
}

function entryOf(entry: PackEntry): Buffer {
  if ("type" in entry)
    return Buffer.concat([entryHead(TYPES[entry.type], entry.bytes.length), deflateSync(entry.bytes)]);
  const base = Buffer.from(entry.base, "hex");
  return Buffer.concat([entryHead(REF_DELTA, entry.delta.length), base, deflateSync(entry.delta)]);
}

function entryHead(type: number, length: number): Buffer {
  const bytes = [(type << 4) | (length & 15)];
  for (let rest = length >>> 4; rest > 0; rest >>>= 7) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80;
    bytes.push(rest & 0x7f);
  }
  return Buffer.from(bytes);
}

/** A delta that copies all of its base `times` times and then says `added`. */
export function deltaOf(baseLength: number, times: number, added = Buffer.alloc(0)): Buffer {
  const copy = Buffer.from([0xf0, baseLength & 255, (baseLength >> 8) & 255, (baseLength >> 16) & 255]);
  const insert = added.length === 0 ? [] : [Buffer.from([added.length]), added];
  const lengths = [varint(baseLength), varint(baseLength * times + added.length)];
  return Buffer.concat([...lengths, ...Array.from({ length: times }, () => copy), ...insert]);
}

function varint(value: number): Buffer {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80;
    bytes.push(rest % 128);
  }
  return Buffer.from(bytes);
}

export const objectId = (type: string, bytes: Buffer): string =>
  createHash("sha1").update(`${type} ${bytes.length}\0`).update(bytes).digest("hex");

/** A push without git: lines before the flush, and what comes after. Resolves to all that the gate answers. */
export async function pushRaw(world: GitWorld, lines: readonly string[], rest: Buffer): Promise<string> {
  const body = Buffer.concat([...lines.map((line) => pktLine(line)), FLUSH, rest]);
  const headers = { "content-type": "application/x-git-receive-pack-request", "content-length": body.length };
  return new Promise((done, fail) => {
    const sent = request(`${world.url}/git-receive-pack`, { method: "POST", headers }, (response) => {
      buffer(response).then((bytes) => done(bytes.toString("latin1")), fail);
    });
    sent.on("error", fail);
    sent.end(body);
  });
}

/** What a client says of itself with its first command. */
export const CAPABILITIES = "report-status side-band-64k atomic ofs-delta agent=by-hand";
