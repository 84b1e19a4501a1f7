import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Ended, type GitWorld, setHook, startGitWorld } from "./git-kit.ts";
import { OPERATIONS, type Operation, type Side } from "./git-table.ts";

/** What an operation left on one side. */
interface Result {
  readonly code: number;
  readonly stdout: string;
  /** of upstream, and of every repository of the client */
  readonly refs: Record<string, Record<string, string>>;
}

const DATES = { GIT_AUTHOR_DATE: "1700000000 +0000", GIT_COMMITTER_DATE: "1700000000 +0000" };

const WAYS = ["direct", "gate"] as const;
type Way = (typeof WAYS)[number];

let world: GitWorld;
/** what each operation finds, by way: upstream, the client's clone, and another one's */
let template: string;
/** directly, an upstream of its own is asked, so that both ways are gone at the same time */
let upstreams: Record<Way, string>;
let urls: Record<Way, string>;

beforeAll(async () => {
  world = await startGitWorld({ environment: DATES });
  writeFileSync(join(world.folder, "key"), world.sshd.privateKey, { mode: 0o600 });
  writeFileSync(join(world.folder, "known_hosts"), `${world.sshd.knownHost}\n`);
  template = join(world.folder, "template");
  const seed = join(world.folder, "seed");
  await world.must(seed, "tag", "-a", "-m", "v1", "v1");
  mkdirSync(join(seed, "folder"));
  for (const index of [1, 2, 3]) await world.commit(seed, `folder/${index}`, `${index}\n`);
  await world.must(seed, "branch", "topic", "HEAD~1");
  await world.must(seed, "push", "-q", world.upstream, "main", "topic", "v1");
  execFileSync("git", ["-C", world.upstream, "config", "receive.advertisePushOptions", "true"]);
  execFileSync("git", ["-C", world.upstream, "config", "uploadpack.allowFilter", "true"]);
  execFileSync("git", ["-C", world.upstream, "config", "uploadpack.advertiseBundleURIs", "true"]);
  upstreams = { direct: join(world.folder, "direct.git"), gate: world.upstream };
  urls = { direct: world.directUrl.replace(world.upstream, upstreams.direct), gate: world.url };
  cpSync(world.upstream, upstreams.direct, { recursive: true });
  for (const way of WAYS) {
    const made = join(template, way);
    mkdirSync(made, { recursive: true });
    cpSync(upstreams[way], join(made, "upstream"), { recursive: true });
    await world.must(made, "-c", `core.sshCommand=${ssh()}`, "clone", "-q", urls[way], "work");
    await world.must(made, "clone", "-q", upstreams[way], "theirs");
  }
});
afterAll(() => world.close());
afterEach(() => rmSync(join(world.folder, "table"), { recursive: true, force: true }));

/** Runs an operation in a folder of its own, with everything as at the start. */
async function runOn(way: Way, { run }: Operation): Promise<Result> {
  const [upstream, url, folder] = [upstreams[way], urls[way], join(world.folder, "table", way)];
  rmSync(upstream, { recursive: true });
  cpSync(join(template, way, "upstream"), upstream, { recursive: true });
  for (const name of ["work", "theirs"])
    cpSync(join(template, way, name), join(folder, name), { recursive: true });
  const work = join(folder, "work");
  const git = (words: string, cwd = work): Promise<Ended> =>
    world.git(
      cwd,
      "-c",
      `core.sshCommand=${ssh()}`,
      ...words.split(" ").map((word) => word.replace("URL", url)),
    );
  const side: Side = {
    git,
    commit: async (file, text) => void (await world.commit(work, file, text)),
    upstream: async (words) => void (await world.must(join(folder, "theirs"), ...words.split(" "))),
    hook: (name, script) => setHook(upstream, name, script),
  };
  const { code, stdout } = await run(side);
  const repositories = ["work", "c", "s", "p"].filter((name) => existsSync(join(folder, name)));
  const local = repositories.map((name) => [name, world.refs(join(folder, name))] as const);
  const refs = { upstream: world.refs(upstream), ...Object.fromEntries(local) };
  return { code, stdout: stdout.replaceAll(url, "URL").replace(/^To .*$/m, "To URL"), refs };
}

const ssh = (): string =>
  `ssh -i ${world.folder}/key -o UserKnownHostsFile=${world.folder}/known_hosts -o IdentitiesOnly=yes -o BatchMode=yes`;

describe("through the gate as directly", () => {
  it("there are at least 40 operations", () => expect(OPERATIONS.length).toBeGreaterThanOrEqual(40));

  it.each(OPERATIONS)("$name", async (operation) => {
    const [direct, gate] = await Promise.all([runOn("direct", operation), runOn("gate", operation)]);
    if (operation.differs !== undefined) {
      expect(gate.code, operation.differs).toBe(operation.codeInGate);
      const before =
        operation.codeInGate === 0 ? direct.refs["upstream"] : world.refs(join(template, "gate", "upstream"));
      expect(gate.refs["upstream"]).toEqual(before);
    } else {
      expect(gate.code).toBe(direct.code);
      expect(gate.refs).toEqual(direct.refs);
      if (operation.sameOutput === true) expect(gate.stdout).toBe(direct.stdout);
    }
    // what fails may never have come to the gate, and then it has not looked
    if (gate.code !== 0) await world.git(world.folder, "-c", "protocol.version=0", "ls-remote", world.url);
    const upstream = branchesAndTags(world.refs(world.upstream));
    await expect.poll(() => world.refs(world.mirror)).toEqual(upstream);
  });
});

const branchesAndTags = (refs: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(refs).filter(([ref]) => /^refs\/(heads|tags)\//.test(ref)));
