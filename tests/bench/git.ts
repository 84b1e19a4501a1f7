import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { type Ended, type GitWorld, startGitWorld } from "../integration/git-kit.ts";
import { scanPath } from "../integration/git-push-kit.ts";
import { type PeakMemory, peakMemory, residentNow } from "./git-memory.ts";
import { fillRepository, noise } from "./git-repository.ts";
import { quantile, timed } from "./quantiles.ts";

/**
 * `npm run bench:git`: git through the gate beside git directly, over the same sshd on loopback. Ends with 1 when a bar
 * is not reached. `--quick` takes a tenth of everything.
 */

const QUICK = process.argv.includes("--quick") ? 10 : 1;
/** as the sidecars image starts it */
const NODE_FLAGS = ["--max-semi-space-size=1", "--optimize-for-size"];
const ROUNDS = 3;
const MEGABYTE = 1024 * 1024;
const BARS = { clone: 1.3, fetch: 1.3, pushMs: 400, gateBytes: 100 * MEGABYTE };
const PROGRAM = join(import.meta.dirname, "../integration/git-gate-process.ts");
const LIMIT_MS = 600_000;

const ms = (times: readonly number[]): string => `${quantile(times, 0.5).toFixed(0)} ms`;
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
const megabytes = (bytes: number): string => `${Math.round(bytes / MEGABYTE)} MB`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

let missed = false;
const world = await startGitWorld({
  stopped: true,
  empty: true,
  clientTimeoutMs: LIMIT_MS,
  policy: {
    maxObjects: 1_000_000,
    maxInflatedBytes: 4096 * MEGABYTE,
    maxBlobBytes: 64 * MEGABYTE,
    timeoutMs: LIMIT_MS,
  },
  limits: {
    listTimeoutMs: LIMIT_MS,
    fetchTimeoutMs: LIMIT_MS,
    pushTimeoutMs: LIMIT_MS,
    requestTimeoutMs: LIMIT_MS,
  },
});
const judged: number[] = [];
let gate: ChildProcess | undefined;
try {
  await main(world);
} finally {
  gate?.kill("SIGKILL");
  await world.close();
}
process.exitCode = missed ? 1 : 0;

async function main({ upstream, folder }: GitWorld): Promise<void> {
  // what direct access needs
  writeFileSync(join(folder, "key"), world.sshd.privateKey, { mode: 0o600 });
  writeFileSync(join(folder, "known_hosts"), `${world.sshd.knownHost}\n`);
  const shape = { commits: 20_000 / QUICK, bytesPerCommit: 10_500, files: 2_000 };
  say(
    `upstream: ${shape.commits} commits, ${Math.round((shape.commits * shape.bytesPerCommit) / MEGABYTE)} MB`,
  );
  await fillRepository(upstream, shape);
  const pid = await startGate();
  say(`gate at rest: ${megabytes(residentNow(pid))}`);
  await clones();
  await fetches();
  await pushes();
  await largePacks(pid);
}

async function clones(): Promise<void> {
  say(`clone, first of an empty mirror: ${seconds(await timed(() => clone("gate", "first")))}`);
  const direct: number[] = [];
  const through: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    direct.push(await timed(() => clone("direct", "clone")));
    through.push(await timed(() => clone("gate", "clone")));
  }
  ratio("clone", direct, through, BARS.clone);
}

/** Two clones that lag behind by as much each time. */
async function fetches(): Promise<void> {
  await clone("direct", "direct", true);
  await clone("gate", "through", true);
  await must(world.folder, "clone", "-q", world.upstream, "author");
  const author = join(world.folder, "author");
  const direct: number[] = [];
  const through: number[] = [];
  for (let round = 0; round < ROUNDS * 2; round += 1) {
    for (let index = 0; index < 50; index += 1) await change(author, `${round}-${index}`, 20_000);
    await must(author, "push", "-q", "origin", "main");
    direct.push(await timed(() => run("direct", join(world.folder, "direct"), "fetch", "-q", "origin")));
    through.push(await timed(() => run("gate", join(world.folder, "through"), "fetch", "-q", "origin")));
  }
  ratio("fetch of 50 commits", direct, through, BARS.fetch);
}

async function pushes(): Promise<void> {
  const work = join(world.folder, "through");
  await run("gate", work, "reset", "-q", "--hard", "origin/main");
  const direct: number[] = [];
  const through: number[] = [];
  for (let round = 0; round < ROUNDS * 2; round += 1) {
    await change(work, `direct-${round}`, 500);
    direct.push(await timed(() => run("direct", work, "push", "-q", world.directUrl, "HEAD:direct")));
    await change(work, `gate-${round}`, 500);
    // what somebody else pushed is not what is measured
    await run("gate", work, "ls-remote", "-q", world.url);
    through.push(await timed(() => run("gate", work, "push", "-q", world.url, "HEAD:gate")));
  }
  const more = quantile(through, 0.5) - quantile(direct, 0.5);
  const scan = quantile(judged, 0.5);
  say(`push of 1 commit: direct ${ms(direct)}, gate ${ms(through)}, of it scan ${scan.toFixed(0)} ms`);
  bar(`push of 1 commit takes ${more.toFixed(0)} ms more`, more <= BARS.pushMs, `${BARS.pushMs} ms`);
  for (let index = 0; index < 1_000 / QUICK; index += 1) await change(work, `many-${index}`, 2_000);
  const took = await timed(() => run("gate", work, "push", "-q", world.url, "HEAD:gate"));
  const share = (100 * (judged.at(-1) ?? NaN)) / took;
  say(`push of ${1_000 / QUICK} commits: ${seconds(took)}, of it scan ${share.toFixed(0)} %`);
}

/** A pack of 1 GB, pushed and then cloned. */
async function largePacks(pid: number): Promise<void> {
  const work = join(world.folder, "through");
  await run("gate", work, "checkout", "-q", "--orphan", "large");
  await run("gate", work, "rm", "-rqf", ".");
  for (let index = 0; index < 1024 / QUICK; index += 1) {
    writeFileSync(join(work, `large-${index}.bin`), noise(`large-${index}`, MEGABYTE));
  }
  await run("gate", work, "add", "-A");
  await run("gate", work, "commit", "-q", "-m", "Add a gigabyte");
  let took = 0;
  const push = async (): Promise<void> => {
    took = await timed(() => run("gate", work, "push", "-q", world.url, "HEAD:refs/heads/large"));
  };
  memory("push", await peakMemory(pid, push));
  say(`push of ${1024 / QUICK} MB: ${seconds(took)}, of it scan ${seconds(judged.at(-1) ?? NaN)}`);
  const fetched = (): Promise<void> =>
    run("gate", world.folder, "clone", "-q", "-b", "large", "--single-branch", world.url, "large");
  memory("clone", await peakMemory(pid, fetched));
  rmSync(world.mirror, { recursive: true });
  rmSync(join(world.folder, "large"), { recursive: true });
  memory("clone into an empty mirror", await peakMemory(pid, fetched));
}

function memory(what: string, { ownBytes, childrenBytes }: PeakMemory): void {
  say(
    `${what} of ${1024 / QUICK} MB: gate at most ${megabytes(ownBytes)}, its children ${megabytes(childrenBytes)}`,
  );
  bar(`${what}: gate's memory`, ownBytes <= BARS.gateBytes, megabytes(BARS.gateBytes));
}

async function startGate(): Promise<number> {
  const path = await scanPath();
  // as files that need no others, which is what the sidecars image has
  const [program, hookProgram] = [join(world.folder, "gate.cjs"), join(world.folder, "hook.cjs")];
  await bundle(PROGRAM, program);
  await bundle(world.options.hookProgram, hookProgram);
  const child = spawn(process.execPath, [...NODE_FLAGS, program, world.socket, "scan"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  gate = child;
  child.stdin.end(JSON.stringify({ ...world.options, path, hookProgram }));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [, milliseconds] = /^judged (\d+)$/.exec(line) ?? [];
    if (milliseconds !== undefined) judged.push(Number(milliseconds));
  });
  while (!existsSync(world.socket)) await sleep(20);
  return child.pid ?? 0;
}

async function bundle(entry: string, outfile: string): Promise<void> {
  await build({ entryPoints: [entry], outfile, bundle: true, minify: true, platform: "node", format: "cjs" });
}

async function clone(way: "direct" | "gate", name: string, keep = false): Promise<void> {
  await run(
    way,
    world.folder,
    "clone",
    "-q",
    "--bare",
    way === "gate" ? world.url : world.directUrl,
    `${name}.git`,
  );
  if (!keep) return rmSync(join(world.folder, `${name}.git`), { recursive: true });
  await must(world.folder, "clone", "-q", "--local", `${name}.git`, name);
  await must(
    join(world.folder, name),
    "remote",
    "set-url",
    "origin",
    way === "gate" ? world.url : world.directUrl,
  );
}

/** A commit of words, in which nothing is to be found. */
async function change(work: string, name: string, bytes: number): Promise<void> {
  mkdirSync(join(work, "words"), { recursive: true });
  await world.commit(work, `words/${name}.txt`, `${`a line of words ${name}\n`.repeat(bytes / 20)}`);
}

async function run(way: "direct" | "gate", cwd: string, ...args: string[]): Promise<void> {
  const [key, hosts] = [join(world.folder, "key"), join(world.folder, "known_hosts")];
  const ssh = `core.sshCommand=ssh -i ${key} -o UserKnownHostsFile=${hosts} -o IdentitiesOnly=yes`;
  await must(cwd, ...(way === "direct" ? ["-c", ssh] : []), ...args);
}

async function must(cwd: string, ...args: string[]): Promise<void> {
  const ended: Ended = await world.git(cwd, ...args);
  if (ended.code !== 0) throw new Error(`git ${args.join(" ")}: ${ended.stderr}`);
}

function ratio(what: string, direct: readonly number[], through: readonly number[], most: number): void {
  const times = quantile(through, 0.5) / quantile(direct, 0.5);
  say(`${what}: direct ${ms(direct)}, gate ${ms(through)}`);
  bar(`${what} takes ${times.toFixed(2)} times as long`, times <= most, String(most));
}

function bar(what: string, isReached: boolean, limit: string): void {
  missed ||= !isReached;
  say(`  ${isReached ? "ok    " : "MISSED"} ${what} (at most ${limit})`);
}
