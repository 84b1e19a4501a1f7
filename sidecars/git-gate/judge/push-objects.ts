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

type Met = Pick<PushedObject, "id" | "path" | "commit">;

/**
 * What a push brings to upstream: all that its new tips reach and the confirmed
 * ones do not, each object once, however many refs, commits or paths lead to it.
 */
export async function listPushedObjects(access: GitAccess, request: PushRequest): Promise<PushedObject[]> {
  const met = await metObjects(access, request);
  const input = met.map(({ id }) => `${id}\n`);
  const answers = gitWords(access, ["cat-file", "--batch-check", "--buffer"], { input, end: "\n" });
  const objects: PushedObject[] = [];
  let left = request.policy.maxInflatedBytes;
  for await (const answer of answers) {
    const object = weighed(answer, met[objects.length]);
    if (object.size > request.policy.maxBlobBytes) throw tooLarge(object, request.policy);
    left -= object.size;
    if (left < 0) throw tooMuch(request.policy);
    objects.push(object);
  }
  if (objects.length !== met.length) throw new Error("not every object was weighed");
  return objects;
}

async function metObjects(access: GitAccess, { updates, confirmed, policy }: PushRequest): Promise<Met[]> {
  const tips = updates.map(({ to }) => to).filter((id) => !isZero(id));
  if (tips.length === 0) return [];
  const input = [...tips, ...confirmed.map((id) => `^${id}`)].map((line) => `${line}\n`);
  const order = ["--in-commit-order", "--topo-order", "--reverse"];
  const met: Met[] = [];
  let commit: string | undefined;
  const args = ["rev-list", "--objects", ...order, "--stdin"];
  for await (const line of gitWords(access, args, { input, end: "\n" })) {
    const border = line.indexOf(" ");
    const id = border === -1 ? line : line.slice(0, border);
    // only commits are told without a name, be it an empty one
    if (border === -1) commit = id;
    met.push({ id, path: border === -1 ? "" : line.slice(border + 1), commit });
    if (met.length > policy.maxObjects) throw tooMany(policy);
  }
  return met;
}

function weighed(answer: string, met: Met | undefined): PushedObject {
  const [id, word, digits] = answer.split(" ");
  const type = TYPES.find((each) => each === word);
  const size = Number(digits);
  if (met === undefined || id !== met.id || type === undefined || !Number.isSafeInteger(size))
    throw new Error("git weighed something else than it was asked to");
  // what a tag names itself has no path, and belongs to no commit
  const isOfTag = type === "tag" || (type === "blob" && met.path === "");
  return { ...met, commit: isOfTag ? undefined : met.commit, type, size };
}

/** The objects with their bytes, raw, in the order of the list. The bytes are valid until the next are asked for. */
export async function* readObjects(
  access: GitAccess,
  objects: readonly PushedObject[],
): AsyncGenerator<{ readonly object: PushedObject; readonly bytes: Buffer }> {
  const ids = objects.map(({ id }) => `${id}\n`);
  const reader = new ByteReader(gitOutput(access, ["cat-file", "--batch", "--buffer"], ids));
  try {
    for (const object of objects) {
      const header = await reader.line();
      if (header !== `${object.id} ${object.type} ${object.size}`)
        throw new Error("git read something else than it was asked to");
      const bytes = await reader.bytes(object.size);
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
