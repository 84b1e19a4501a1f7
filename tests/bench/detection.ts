import { readFileSync } from "node:fs";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { gzipSync } from "node:zlib";
import { createDetector, createFragmentRing } from "../../sidecars/detection/index.ts";

/**
 * `npm run bench:detection`: what a look at a body costs, in processor time, and
 * the longest that one holds the event loop. Ends with 1 when a body of up to a
 * megabyte holds it longer than the limit.
 */

const MOST_HELD_MS = 50;
const SIZES = [10_000, 100_000, 1_000_000];
const detector = createDetector({
  knownValues: Array.from({ length: 5 }, (_, at) => ({
    id: `s/${at}`,
    value: `k${at}7Gk2pQ9xLm3Vb8Rt5Yc1Nz6Wd4`,
  })),
});
const fragments = createFragmentRing();
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
process.exitCode = isSlow ? 1 : 0;

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

async function holdOf(look: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const before = performance.now();
  await look();
  // a look that never gave way is not seen by the timer
  const whole = performance.now() - before;
  delay.disable();
  return delay.count === 0 ? whole : delay.max / 1e6;
}
