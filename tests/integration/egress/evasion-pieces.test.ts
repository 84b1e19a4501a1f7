import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDetector, createFragmentRing, type FragmentRing } from "../../../sidecars/detection/index.ts";
import { secrets, splitIn } from "./evasion-kit.ts";
import { type Asking, PASSED, startWitness, together, VERSIONS, type Witness } from "./witness.ts";

/** Secrets in pieces: over the places of one request, and over requests. */

const COUNTS = [2, 3, 4, 5, 6, 7, 8];
const escaped = encodeURIComponent;
const json = (value: unknown): Asking => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});
const form = (parts: readonly (readonly [name: string, content: string])[]): Asking => ({
  headers: { "content-type": "multipart/form-data; boundary=b" },
  body: `${parts.map(([name, content]) => `--b\r\nContent-Disposition: form-data; name=${name}\r\n\r\n${content}\r\n`).join("")}--b--`,
});

/** Tokens, one a rule: others hold quotes and spaces, which are part of how they are written. */
const tokens = secrets.filter(
  ({ rule, text }, index) =>
    rule.whole !== true &&
    rule.runs === undefined &&
    /^[A-Za-z0-9_.:/+=~$-]{20,}$/.test(text) &&
    secrets.findIndex((other) => other.rule === rule) === index,
);
const splits = tokens.flatMap(({ rule, text }) =>
  COUNTS.map((count) => ({
    name: `${rule.id} in ${count}`,
    slot: `${rule.id}-${count}`,
    parts: splitIn(text, count),
  })),
);
let count = 0;

const IN_ONE: Readonly<Record<string, (parts: readonly string[]) => Asking>> = {
  "parameters of one query": (parts) => ({
    path: `/?${parts.map((one, at) => `p${at}=${escaped(one)}`).join("&")}`,
  }),
  "headers of one request": (parts) => ({
    headers: Object.fromEntries(parts.map((one, at) => [`x-${at}`, one])),
  }),
  "members of one object": (parts) => json(Object.fromEntries(parts.map((one, at) => [`k${at}`, one]))),
  "an array": (parts) => json({ a: parts }),
  "parts of one form": (parts) => form(parts.map((one, at) => [`p${at}`, one])),
};

/** What carries one piece, in a field that the others have too. */
const OVER_MANY: Readonly<Record<string, (piece: string, slot: string) => Asking>> = {
  "values of a query": (piece, slot) => ({ path: `/?${slot}=${escaped(piece)}` }),
  "segments of a path": (piece) => ({ path: `/u/${escaped(piece)}` }),
  "values of a header": (piece, slot) => ({ headers: { [`x-${slot}`]: piece } }),
  "values of a cookie": (piece, slot) => ({ headers: { cookie: `${slot}=${piece}` } }),
  "members of objects": (piece, slot) => json({ model: "m", [slot]: piece }),
  bodies: (piece) => ({ body: piece }),
  "parts of forms": (piece, slot) => form([[slot, piece]]),
};
/** What goes through the proxy as well: there the pieces of all secrets lie together, so each has a field of its own. */
const THROUGH_THE_PROXY = ["values of a query", "values of a header", "members of objects"];

const detector = createDetector({ knownValues: [] });

async function look({ path = "/", headers = {}, body }: Asking, fragments: FragmentRing): Promise<string> {
  if (body !== undefined) {
    const bytes = Buffer.from(body);
    return (await detector.inspectBody({ bytes, contentType: headers["content-type"] }, { fragments })).kind;
  }
  const head = { method: "GET", host: "a.example", path, headers: Object.entries(headers) };
  return (await detector.inspectHead(head, { fragments })).kind;
}

describe("a secret in 2 to 8 pieces", () => {
  it.each(Object.entries(OVER_MANY))(
    "over as many requests is stopped before the last leaves, as %s",
    async (_where, write) => {
      const missed: string[] = [];
      for (const { name, parts } of splits) {
        count += 1;
        const fragments = createFragmentRing();
        const kinds: string[] = [];
        for (const one of parts) kinds.push(await look(write(one, "d"), fragments));
        if (!kinds.includes("found")) missed.push(name);
      }
      expect(missed).toEqual([]);
    },
  );

  it("is stopped when it is a known value, whatever the order of its pieces", async () => {
    const value = "q7ZK3m7XW2ltNB4vGh5kX2pR8sTu1yWc";
    const known = createDetector({ knownValues: [{ id: "s/k", value }] });
    for (const pieces of [2, 3, 4]) {
      const fragments = createFragmentRing();
      const kinds: string[] = [];
      for (const one of splitIn(value, pieces).toReversed()) {
        const bytes = Buffer.from(`a log line that says ${one} among other things`);
        kinds.push((await known.inspectBody({ bytes }, { fragments })).kind);
      }
      // three quarters are as good as all of it
      expect([kinds[0], kinds.at(-1)]).toEqual(["clean", "found"]);
    }
  });
});

describe.each(VERSIONS)("a secret in 2 to 8 pieces, over %s", (version) => {
  let witness: Witness;
  beforeEach(async () => {
    witness = await startWitness();
  });
  afterEach(() => witness.close());

  it.each(Object.entries(IN_ONE))("reaches no upstream in %s", async (_where, write) => {
    const outcomes = await together(splits, async ({ name, parts }) => ({
      name,
      outcome: await witness.send[version](write(parts)),
    }));
    count += outcomes.length;
    expect(outcomes.filter(({ outcome }) => outcome === PASSED)).toEqual([]);
    expect([witness.upstream.connections(), witness.upstream.bytes()]).toEqual([0, ""]);
  });

  it.each(THROUGH_THE_PROXY)("is never whole at an upstream, as %s", async (where) => {
    const missed: string[] = [];
    for (const { name, slot, parts } of splits) {
      count += 1;
      const outcomes: string[] = [];
      for (const one of parts) outcomes.push(await witness.send[version](OVER_MANY[where]!(one, slot)));
      if (outcomes.every((outcome) => outcome === PASSED)) missed.push(name);
    }
    expect(missed).toEqual([]);
    expect(witness.upstream.seen.length).toBeGreaterThan(splits.length / 2);
  });
});

afterAll(() => console.log(`${count} secrets in pieces, none of which was whole anywhere`));
