import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { GateEvent } from "../../sidecars/git-gate/contract.ts";
import { expectNothingArrived, type Holdings, holdingsOf, startJudgingWorld } from "./git-evasions-kit.ts";
import { hidings } from "./git-hidings.ts";
import type { Ended, GitWorld } from "./git-kit.ts";
import { PushRepository, SECRET } from "./git-push-kit.ts";

let world: GitWorld;
let agent: PushRepository;
let before: Holdings;
const events: GateEvent[] = [];
beforeAll(async () => {
  const onEvent = (event: GateEvent): void => void events.push(event);
  world = await startJudgingWorld({ policy: { allowPushOptions: true }, onEvent });
});
afterAll(() => world.close());
beforeEach(() => {
  agent = new PushRepository();
  before = holdingsOf(world, world.upstream);
});
afterEach(() => agent[Symbol.dispose]());

const line = `key=${SECRET}\n`;
const push = (...args: string[]): Promise<Ended> => world.git(agent.gitDir, "push", ...args);

function expectRefused({ code, stderr }: Ended, because: RegExp): void {
  expect(stderr).toMatch(because);
  expect(stderr).not.toContain(SECRET);
  expect(code).not.toBe(0);
  expectNothingArrived(world, before);
}

describe("a secret that is hidden", () => {
  it.each(Object.entries(hidings))("in %s does not reach upstream", async (_, hide) => {
    const { to, ref = "refs/heads/work" } = hide(agent);

    const ended = await push(world.url, `${to}:${ref}`);

    // some of these objects git itself takes for broken
    expectRefused(ended, /remote: .*(?:aws-access-key-id|fsck error)/);
  });

  it("in the name of a ref does not reach upstream", async () => {
    const to = agent.commit({});

    const ended = await push(world.url, `${to}:refs/heads/${SECRET}`);

    // git itself tells its user which ref was refused
    expect(ended.stderr).toMatch(/remote: .*aws-access-key-id: the name of a ref/);
    expect(ended.code).toBe(1);
    expectNothingArrived(world, before);
    // what others are told, the audit, Events and status are made of
    expect(events.at(-1)).toMatchObject({ method: "push", code: "PushRefused", refs: [] });
    expect(JSON.stringify(events)).not.toContain(SECRET);
  });

  it("in a push option does not reach upstream", async () => {
    const ended = await push("-o", `x=${SECRET}`, world.url, `${agent.commit({})}:refs/heads/work`);

    expectRefused(ended, /remote: .*aws-access-key-id: a push option/);
  });

  it("behind a clean twin in refs/replace does not reach upstream, nor does the twin's ref", async () => {
    const clean = agent.commit({ files: { a: "clean" } });
    const dirty = agent.commit({ files: { a: line } });
    agent.git(["replace", dirty, clean]);

    expectRefused(await push(world.url, `${dirty}:refs/heads/work`), /remote: .*aws-access-key-id/);
    expectRefused(
      await push(world.url, `refs/replace/${dirty}:refs/replace/${dirty}`),
      /only refs\/heads|deny updating a hidden ref/,
    );
  });

  it("in a note does not reach upstream, under its own ref", async () => {
    agent.git(["update-ref", "refs/heads/main", agent.commit({})]);
    agent.git(["notes", "add", "-m", line, "refs/heads/main"]);

    expectRefused(await push(world.url, "refs/notes/commits"), /hidden ref|only refs\/heads/);
  });

  it("in one of many refs takes all of them down", async () => {
    const [clean, dirty] = ["clean", line].map((a) => agent.commit({ files: { a } }));

    const ended = await push(world.url, `${clean}:refs/heads/one`, `${dirty}:refs/heads/two`);

    expectRefused(ended, /remote: .*aws-access-key-id/);
  });

  it("in what upstream had once and has no more does not reach it again", async () => {
    const to = agent.commit({ files: { a: line } });
    await world.must(agent.gitDir, "push", "-q", world.upstream, `${to}:refs/heads/once`);
    const reader = await world.clone("reader");
    expect(await world.must(reader, "rev-parse", "origin/once")).toBe(to);
    await world.must(world.upstream, "update-ref", "-d", "refs/heads/once");
    await world.must(world.upstream, "gc", "-q", "--prune=now");
    before = holdingsOf(world, world.upstream);

    expectRefused(await push(world.url, `${to}:refs/heads/once`), /remote: .*aws-access-key-id/);
  });

  it("in what a refused push brought is looked for again in the next one", async () => {
    const first = agent.commit({ files: { a: line } });
    const second = agent.commit({ parents: [first], files: { a: "clean" } });

    expectRefused(await push(world.url, `${first}:refs/heads/work`), /aws-access-key-id/);
    expectRefused(await push(world.url, `${second}:refs/heads/work`), /aws-access-key-id/);
  });
});

describe("trees that name each other many times", () => {
  it("are refused before anybody unfolds them", async () => {
    let id = agent.tree({ a: "" });
    for (let level = 0; level < 10; level += 1) {
      const entry = { mode: "40000", id };
      id = agent.tree(Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`d${index}`, entry])));
    }

    expectRefused(await push(world.url, `${agent.commit({ tree: id })}:refs/heads/work`), /TooManyFiles/);
  });
});

describe("a clean push", () => {
  it.each<[string, (git: PushRepository) => string]>([
    [
      "of an octopus merge with several roots",
      (git) => {
        const parents = ["a", "b", "c"].map((name) => git.commit({ files: { [name]: name } }));
        return git.commit({ parents, files: { a: "a", b: "b", c: "c" } });
      },
    ],
    [
      "of links and a submodule",
      (git) =>
        git.commit({
          files: {
            l: { mode: "120000", id: git.object("blob", "/etc/passwd") },
            s: { mode: "160000", id: "1".repeat(40) },
          },
        }),
    ],
    ["of files with names that need quotes", (git) => git.commit({ files: { 'a"\\\n\u001b': "a", ä: "a" } })],
    [
      "of a signature that is none",
      (git) =>
        git.commit({ headers: "gpgsig -----BEGIN SSH SIGNATURE-----\n abc\n -----END SSH SIGNATURE-----\n" }),
    ],
    ["of empty commits", (git) => git.commit({ parents: [git.commit({})] })],
  ])("%s arrives", async (name, make) => {
    const to = make(agent);
    const ref = `refs/heads/${name.replaceAll(" ", "-")}`;

    expect(await push("-q", world.url, `${to}:${ref}`)).toMatchObject({ code: 0 });

    expect(world.refs(world.upstream)[ref]).toBe(to);
  });
});
