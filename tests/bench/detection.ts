import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { createDetector, createFragmentRing, type FragmentRing } from "../../sidecars/detection/index.ts";

/**
 * `npm run bench:detection`: what a look at a body costs, in processor time, and
 * the longest that one holds the event loop; what a look at a head costs, and
 * what of it is for pieces of earlier requests. Ends with 1 when a body of up to
 * a megabyte or a head holds it longer than the limit, or those pieces cost more.
 */

const MOST_HELD_MS = 50;
/** for the middle one of many requests */
const MOST_FOR_PIECES_MS = 0.1;
const SIZES = [10_000, 100_000, 1_000_000];
const detector = createDetector({
  knownValues: Array.from({ length: 5 }, (_, at) => ({
    id: `s/${at}`,
    value: `k${at}7Gk2pQ9xLm3Vb8Rt5Yc1Nz6Wd4`,
  })),
});
const fragments = createFragmentRing();
const NO_RING: FragmentRing = {
  oneByOne: (look) => look(),
  rowsWith: () => ({ texts: [], earlier: () => [], keep: () => undefined }),
  completes: () => undefined,
  keepCovered: () => undefined,
};
const source = readFileSync(new URL("../../package-lock.json", import.meta.url), "latin1");
const filled = (text: string, size: number): string =>
  text.repeat(Math.ceil(size / text.length)).slice(0, size);
const random = (size: number): Buffer => {
  let seed = 7;
  return Buffer.from(
    Array.from({ length: size }, () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) >>> 24),
  );
};

const ORDINARY: Readonly<Record<string, (size: number) => string | Buffer>> = {
  prose: (size) => filled("lorem ipsum dolor sit amet, consectetur adipiscing elit ", size),
  "a lock file": (size) => filled(source, size),
  "a conversation": (size) =>
    JSON.stringify({ messages: [{ role: "user", content: filled(source, size * 0.8) }] }),
  "an image in base64": (size) => JSON.stringify({ data: random(size * 0.74).toString("base64") }),
  binary: random,
};
const HOSTILE: Readonly<Record<string, (size: number) => string | Buffer>> = {
  "only keywords": (size) =>
    filled('sk-ant- ghp_ password": secret= AKIA ://a:b eyJ -----BEGIN token: ', size),
  "one keyword": (size) => filled("://", size),
  "words of seeds": (size) => filled("legal winner thank year wave sausage worth useful zoo ", size),
  "digits and dashes": (size) => filled("4539-1488-0343-6468 ", size),
  capitals: (size) => filled("DE89370400440532013001 ", size),
  "escapes within escapes": (size) => filled("\\\\u0025\\u0034%25%34&#37;&amp;#x34;=3D=33", size),
  "deep nesting": (size) => "[".repeat(size / 2) + "]".repeat(size / 2),
  "strings in a row": (size) => `[${filled('"a",', size)}"a"]`,
  "groups in a row": (size) => filled("41:", size),
  "pieces of a known value": (size) => filled("7Gk2pQ9xLm3Vb8Rt5Yc1Nz6W ", size),
  lookalikes: (size) => Buffer.from(filled("аеорсух\u200b", size / 2)),
  "a bomb": (size) => gzipSync(Buffer.alloc(size * 50)),
  "bombs in base64": (size) => filled(`${gzipSync(Buffer.alloc(100_000)).toString("base64")} `, size),
};

let isSlow = false;
console.log(
  `${"".padEnd(28)}${SIZES.map((size) => `${size / 1000} KB`.padStart(12)).join("")}   longest hold, ms`,
);
for (const [name, make] of [...Object.entries(ORDINARY), ...Object.entries(HOSTILE)]) {
  const cells: string[] = [];
  let longest = 0;
  for (const size of SIZES) {
    const bytes = Buffer.from(make(size) as string);
    cells.push(`${(await costOf(bytes)).toFixed(2)} ms`.padStart(12));
    longest = Math.max(longest, await holdOf(() => detector.inspectBody({ bytes }, { fragments })));
  }
  report(name, cells, longest);
}
const headers = Array.from({ length: 10_000 }, (_, at): [string, string] => [`x-${at}`, `value of ${at}`]);
const head = { method: "GET", host: "api.example.com", path: "/", headers };
report("10,000 headers", [], await holdOf(() => detector.inspectHead(head, { fragments })));

console.log("\nrequests of an agent, the middle one of 2,000, ms");
const ofClient: [string, string][] = [
  ["host", "api.example.com"],
  ["accept", "application/json"],
  ["authorization", "Bearer bb-placeholder-oauth-token"],
  ["content-type", "application/json"],
  ["user-agent", "a-client/2.0.14 (external, cli)"],
  ["x-client-language", "js"],
  ["x-client-package-version", "0.60.0"],
  ["x-client-runtime-version", "v24.3.0"],
  ["x-client-retry-count", "0"],
];
const asked = (more: readonly [string, string][]): Parameters<typeof detector.inspectHead>[0] => ({
  method: "POST",
  host: "api.example.com",
  path: "/v1/messages?beta=true",
  headers: [...ofClient, ...more],
});
await reportPieces("a head that is repeated", (ring) => detector.inspectHead(asked([]), { fragments: ring }));
await reportPieces("a head with a new UUID", (ring) =>
  detector.inspectHead(asked([["x-request-id", crypto.randomUUID()]]), { fragments: ring }),
);
await reportPieces("a message of 2 KB", (ring, at) => {
  const content = `${at} ${source.slice((at * 500) % 100_000, ((at * 500) % 100_000) + 1600)}`;
  const bytes = Buffer.from(
    JSON.stringify({ id: crypto.randomUUID(), messages: [{ role: "user", content }] }),
  );
  return detector.inspectBody({ bytes }, { fragments: ring });
});
process.exitCode = isSlow ? 1 : 0;

/** Beside the same with a ring that does nothing. */
async function reportPieces(
  name: string,
  look: (ring: FragmentRing, at: number) => Promise<unknown>,
): Promise<void> {
  const shared = createFragmentRing();
  const times: { readonly alone: number[]; readonly together: number[] } = { alone: [], together: [] };
  for (let at = 0; at < 2000; at += 1) {
    const before = performance.now();
    await look(NO_RING, at);
    const between = performance.now();
    await look(shared, at);
    times.alone.push(between - before);
    times.together.push(performance.now() - between);
  }
  const middle = (all: number[]): number => all.toSorted((one, other) => one - other)[1000]!;
  const [alone, together] = [middle(times.alone), middle(times.together)];
  const isTooLong = together - alone > MOST_FOR_PIECES_MS;
  isSlow ||= isTooLong;
  const cost = `${(together - alone).toFixed(3)} of it for pieces of earlier ones`;
  console.log(
    `${name.padEnd(28)}${together.toFixed(3).padStart(9)}   ${cost}${isTooLong ? " TOO LONG" : ""}`,
  );
}

function report(name: string, cells: readonly string[], longest: number): void {
  isSlow ||= longest > MOST_HELD_MS;
  console.log(
    `${name.padEnd(28)}${cells.join("")}   ${longest.toFixed(1)}${longest > MOST_HELD_MS ? " TOO LONG" : ""}`,
  );
}

/** Processor time of one look, the middle of a few. */
async function costOf(bytes: Buffer): Promise<number> {
  const rounds = Math.max(2, Math.min(200, Math.round(500_000 / bytes.length)));
  const costs: number[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    const before = process.cpuUsage();
    for (let round = 0; round < rounds; round += 1) await detector.inspectBody({ bytes }, { fragments });
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / 1000 / rounds);
  }
  return costs.toSorted((one, other) => one - other)[1]!;
}

/** The longest that others wait for their turn, in processor time: what else the machine does is not counted. */
async function holdOf(look: () => Promise<unknown>): Promise<number> {
  const spent = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let isOver = false;
  const looking = look().finally(() => (isOver = true));
  let [longest, before] = [0, spent()];
  while (!isOver) {
    await setImmediate();
    const now = spent();
    longest = Math.max(longest, now - before);
    before = now;
  }
  await looking;
  return longest;
}
