import { ByteReader } from "./byte-reader.ts";
import { isZero, type PushRequest } from "../contract.ts";
import type { PushPolicy } from "../../wire/git-policy.ts";
import { PushRefused, ruleFinding } from "./finding.ts";
import { type GitAccess, gitWords, gitOutput } from "../process/git-process.ts";

const TYPES = ["commit", "tree", "blob", "tag"] as const;
export type ObjectType = (typeof TYPES)[number];

/** An object that upstream does not have, by its id and size alone. */
export interface PushedObject {
  readonly id: string;
  readonly type: ObjectType;
  readonly size: number;
  /** where it was met first, each byte one character; empty for commits, tags and roots */
  readonly path: string;
  /** the oldest pushed commit that it was met in */
  readonly commit: string | undefined;
}

/** no system opens a file by a longer one */
const LONGEST_PATH = 4096;
/** of all objects together, which are held as long as the push is judged */
const MOST_PATH_BYTES = 64 * 1024 * 1024;

type Met = Pick<PushedObject, "id" | "path" | "commit">;

/**
 * What a push brings to upstream: all that its new tips reach and the confirmed
 * ones do not, each object once, however many refs, commits or paths lead to it.
 */
export async function listPushedObjects(access: GitAccess, request: PushRequest): Promise<PushedObject[]> {
  const lines = await metLines(access, request);
  const input = inLines(lines, (line) => line.split(" ", 1)[0] ?? "");
  const answers = gitWords(access, ["cat-file", "--batch-check", "--buffer"], { input, end: "\n" });
  const objects: PushedObject[] = [];
  let commit: string | undefined;
  let left = request.policy.maxInflatedBytes;
  for await (const answer of answers) {
    const met = metIn(lines[objects.length] ?? "", commit);
    const object = weighed(answer, met);
    commit = met.commit;
    if (object.size > request.policy.maxBlobBytes) throw tooLarge(object, request.policy);
    left -= object.size;
    if (left < 0) throw tooMuch(request.policy);
    objects.push(object);
  }
  if (objects.length !== lines.length) throw new Error("not every object was weighed");
  return objects;
}

/** What git lists, a line an object: thousands of short strings are less to hold than thousands of objects. */
async function metLines(access: GitAccess, { updates, confirmed, policy }: PushRequest): Promise<string[]> {
  const tips = updates.map(({ to }) => to).filter((id) => !isZero(id));
  if (tips.length === 0) return [];
  const input = [...tips, ...confirmed.map((id) => `^${id}`)].map((line) => `${line}\n`);
  const order = ["--in-commit-order", "--topo-order", "--reverse"];
  const lines: string[] = [];
  let pathBytes = 0;
  const args = ["rev-list", "--objects", ...order, "--stdin"];
  for await (const line of gitWords(access, args, { input, end: "\n" })) {
    const { id, path } = metIn(line, undefined);
    if (path.length > LONGEST_PATH) throw tooLong(id);
    pathBytes += path.length;
    lines.push(line);
    if (lines.length > policy.maxObjects || pathBytes > MOST_PATH_BYTES) throw tooMany(policy);
  }
  return lines;
}

/** Only commits are told without a name, be it an empty one. */
function metIn(line: string, commit: string | undefined): Met {
  const border = line.indexOf(" ");
  if (border === -1) return { id: line, path: "", commit: line };
  return { id: line.slice(0, border), path: line.slice(border + 1), commit };
}

const LINES_AT_ONCE = 500;

/** Ids as git reads them, made as it reads them. */
function* inLines<T>(listed: readonly T[], idOf: (each: T) => string): Generator<string> {
  for (let from = 0; from < listed.length; from += LINES_AT_ONCE) {
    const some = listed.slice(from, from + LINES_AT_ONCE);
    yield some.map((each) => `${idOf(each)}\n`).join("");
  }
}

function weighed(answer: string, met: Met): PushedObject {
  const [id, word, digits] = answer.split(" ");
  const type = TYPES.find((each) => each === word);
  const size = Number(digits);
  if (id !== met.id || type === undefined || !Number.isSafeInteger(size))
    throw new Error("git weighed something else than it was asked to");
  // what a tag names itself has no path, and belongs to no commit
  const isOfTag = type === "tag" || (type === "blob" && met.path === "");
  return { ...met, commit: isOfTag ? undefined : met.commit, type, size };
}

/**
 * The objects with their bytes, raw, in the order of the list; of each the first `most` alone, where it is given. The
 * bytes are valid until the next are asked for.
 */
export async function* readObjects(
  access: GitAccess,
  objects: readonly PushedObject[],
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<{ readonly object: PushedObject; readonly bytes: Buffer }> {
  const ids = inLines(objects, ({ id }) => id);
  const reader = new ByteReader(gitOutput(access, ["cat-file", "--batch", "--buffer"], ids));
  try {
    for (const object of objects) {
      const header = await reader.line();
      if (header !== `${object.id} ${object.type} ${object.size}`)
        throw new Error("git read something else than it was asked to");
      const bytes = await reader.bytes(Math.min(object.size, most));
      await reader.skip(object.size - bytes.length);
      if ((await reader.line()) !== "") throw new Error("an object goes on after its end");
      yield { object, bytes };
    }
    await reader.end();
  } finally {
    await reader.close();
  }
}

const tooMany = ({ maxObjects }: PushPolicy): PushRefused =>
  refused("TooManyObjects", "the push", `Push fewer commits at a time: the limit is ${maxObjects} objects.`);

const tooLong = (id: string): PushRefused =>
  refused("PathTooLong", `object ${id}`, `Give it a path of at most ${LONGEST_PATH} bytes.`);

const tooMuch = ({ maxInflatedBytes }: PushPolicy): PushRefused =>
  refused(
    "TooManyBytes",
    "the push",
    `Push fewer commits at a time: the limit is ${maxInflatedBytes} bytes.`,
  );

const tooLarge = ({ id, type, size }: PushedObject, { maxBlobBytes }: PushPolicy): PushRefused =>
  refused(
    "BlobTooLarge",
    `${type} ${id} of ${size} bytes`,
    `Take the file out of every commit of the push (git log --all --find-object=${id}): the limit is ${maxBlobBytes} bytes.`,
  );

const refused = (...finding: Parameters<typeof ruleFinding>): PushRefused =>
  new PushRefused(ruleFinding(...finding));
