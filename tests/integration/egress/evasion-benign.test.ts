import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createDetector, createFragmentRing } from "../../../sidecars/detection/index.ts";
import { carriers } from "./evasion-carriers.ts";
import { benignBodies, views } from "./evasion-kit.ts";
import { inCarrier, inView } from "./evasion-matrix.ts";
import { type Asking, PASSED, startWitness, together, VERSIONS } from "./witness.ts";

/** More requests without a secret than the other tests of evasions send with one, on one bottle's ring of pieces. */

const ROOT = new URL("../../../", import.meta.url).pathname;
const evasions = [...Object.keys(views).map(inView), ...Object.keys(carriers).map(inCarrier)].flat().length;
/** over either version of HTTP; as whole requests, and in pieces */
const WANTED = evasions * 3;
const THROUGH_THE_PROXY = 1_500;
/** every how many of them */
const WITH_PIECES = 10;

const hashOf = (turn: number, size: number): string =>
  createHash("sha256").update(`${turn}`).digest("hex").slice(0, size);
const uuidOf = (turn: number): string =>
  hashOf(turn, 32).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, "$1-$2-4$3-8$4-$5");

type WithBody = Asking & { readonly body: Buffer };

/** A head as those of APIs are: identifiers, hashes, cursors, traces, cookies of visits. */
function asked(turn: number, body: Buffer): WithBody {
  const cursor = Buffer.from(JSON.stringify({ after: uuidOf(turn), n: turn })).toString("base64url");
  const path = [
    `/v1/objects/${uuidOf(turn)}?page=${turn % 90}&cursor=${cursor}`,
    `/team/app/-/commit/${hashOf(turn, 40)}.patch?w=1`,
    `/v2/library/app/blobs/sha256:${hashOf(turn, 64)}?t=${1_700_000_000_000 + turn * 7919}`,
    `/@scope%2fname/-/name-${turn % 9}.${turn % 30}.${turn % 70}.tgz?integrity=sha512-${encodeURIComponent(createHash("sha512").update(`${turn}`).digest("base64"))}`,
  ][turn % 4]!;
  const headers = {
    "content-type": turn % 3 === 0 ? "text/plain" : "application/json",
    traceparent: `00-${hashOf(turn, 32)}-${hashOf(turn + 1, 16)}-01`,
    "x-request-id": uuidOf(turn + 1),
    "if-none-match": `W/"${hashOf(turn + 2, 40)}"`,
    "x-amz-content-sha256": createHash("sha256").update(body).digest("hex"),
    cookie: `visit=${uuidOf(turn + 3)}; theme=dark; _ga=GA1.2.${turn * 7919}.1700000000`,
  };
  return { path, headers, body };
}

/** The same in every run. */
function* requests(): Generator<readonly [name: string, asking: WithBody]> {
  yield ["the lock file", asked(0, readFileSync(`${ROOT}package-lock.json`))];
  let turn = 0;
  for (const [name, body] of benignBodies(`${ROOT}node_modules/`)) yield [name, asked((turn += 1), body)];
}

describe("what is no secret", () => {
  it("is not found in files, conversations that quote them, and the same in base64", async () => {
    const detector = createDetector({ knownValues: [] });
    const fragments = createFragmentRing();
    const found: string[] = [];
    let count = 0;
    for (const [name, { path = "/", headers = {}, body }] of requests()) {
      const head = { method: "POST", host: "api.example.com", path, headers: Object.entries(headers) };
      // together with the pieces of those before
      const context = count % WITH_PIECES === 0 ? { fragments } : {};
      const inHead = await detector.inspectHead(head, context);
      const inBody = await detector.inspectBody(
        { bytes: body, contentType: headers["content-type"] },
        context,
      );
      if (inHead.kind !== "clean" || inBody.kind !== "clean")
        found.push(`${name}: ${JSON.stringify([inHead, inBody])}`);
      count += 1;
      if (count === WANTED) break;
    }
    console.log(`${count} requests without a secret, ${found.length} false hits`);
    expect(found).toEqual([]);
    expect(count).toBe(WANTED);
  }, 240_000);

  it.each(VERSIONS)("passes the proxy over %s", async (version) => {
    const witness = await startWitness();
    const all = requests().take(THROUGH_THE_PROXY).toArray();
    const outcomes = await together(all, async ([name, asking]) => ({
      name,
      outcome: await witness.send[version](asking),
    }));
    expect(outcomes.filter(({ outcome }) => outcome !== PASSED)).toEqual([]);
    expect(witness.upstream.seen).toHaveLength(all.length);
    await witness.close();
  });
});
