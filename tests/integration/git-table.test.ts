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

let world: GitWorld;
/** upstream as each operation finds it */
let template: string;

beforeAll(async () => {
  world = await startGitWorld({ environment: DATES });
  writeFileSync(join(world.folder, "key"), world.sshd.privateKey, { mode: 0o600 });
  writeFileSync(join(world.folder, "known_hosts"), `${world.sshd.knownHost}\n`);
  template = join(world.folder, "template.git");
  const seed = join(world.folder, "seed");
  await world.must(seed, "tag", "-a", "-m", "v1", "v1");
  mkdirSync(join(seed, "folder"));
  for (const index of [1, 2, 3]) await world.commit(seed, `folder/${index}`, `${index}\n`);
  await world.must(seed, "branch", "topic", "HEAD~1");
  await world.must(seed, "push", "-q", world.upstream, "main", "topic", "v1");
  execFileSync("git", ["-C", world.upstream, "config", "receive.advertisePushOptions", "true"]);
  execFileSync("git", ["-C", world.upstream, "config", "uploadpack.allowFilter", "true"]);
  execFileSync("git", ["-C", world.upstream, "config", "uploadpack.advertiseBundleURIs", "true"]);
  cpSync(world.upstream, template, { recursive: true });
});
afterAll(() => world.close());
afterEach(() => {
  for (const name of ["direct", "gate", "theirs"])
    rmSync(join(world.folder, "table", name), { recursive: true, force: true });
});

/** Runs an operation in a folder of its own, with everything as at the start. */
async function runOn(way: "direct" | "gate", { run }: Operation): Promise<Result> {
  rmSync(world.upstream, { recursive: true });
  cpSync(template, world.upstream, { recursive: true });
  const folder = join(world.folder, "table", way);
  const work = join(folder, "work");
  mkdirSync(folder, { recursive: true });
  const url = way === "gate" ? world.url : world.directUrl;
  const git = (words: string, cwd = work): Promise<Ended> =>
    world.git(
      cwd,
      "-c",
      `core.sshCommand=${ssh()}`,
      ...words.split(" ").map((word) => word.replace("URL", url)),
    );
  await git(`clone -q URL ${work}`, folder);
  const theirs = join(world.folder, "table", "theirs");
  rmSync(theirs, { recursive: true, force: true });
  await world.must(world.folder, "clone", "-q", world.upstream, theirs);
  const side: Side = {
    git,
    commit: async (file, text) => void (await world.commit(work, file, text)),
    upstream: async (words) => void (await world.must(theirs, ...words.split(" "))),
    hook: (name, script) => setHook(world.upstream, name, script),
  };
  const { code, stdout } = await run(side);
  const repositories = ["work", "c", "s", "p"].filter((name) => existsSync(join(folder, name)));
  const local = repositories.map((name) => [name, world.refs(join(folder, name))] as const);
  const refs = { upstream: world.refs(world.upstream), ...Object.fromEntries(local) };
  return { code, stdout: stdout.replaceAll(url, "URL").replace(/^To .*$/m, "To URL"), refs };
}

const ssh = (): string =>
  `ssh -i ${world.folder}/key -o UserKnownHostsFile=${world.folder}/known_hosts -o IdentitiesOnly=yes -o BatchMode=yes`;

describe("through the gate as directly", () => {
  it("there are at least 40 operations", () => expect(OPERATIONS.length).toBeGreaterThanOrEqual(40));

  it.each(OPERATIONS)("$name", async (operation) => {
    const direct = await runOn("direct", operation);
    const gate = await runOn("gate", operation);
    if (operation.differs !== undefined) {
      expect(gate.code, operation.differs).toBe(operation.codeInGate);
      const before = operation.codeInGate === 0 ? direct.refs["upstream"] : world.refs(template);
      expect(gate.refs["upstream"]).toEqual(before);
    } else {
      expect(gate.code).toBe(direct.code);
      expect(gate.refs).toEqual(direct.refs);
      if (operation.sameOutput === true) expect(gate.stdout).toBe(direct.stdout);
    }
    expect(world.refs(world.mirror)).toEqual(branchesAndTags(world.refs(world.upstream)));
  });
});

const branchesAndTags = (refs: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(refs).filter(([ref]) => /^refs\/(heads|tags)\//.test(ref)));
