import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createImageStore, findProductRoot } from "../../local-runtime/images/index.ts";
import { baseRecipe } from "../../local-runtime/images/recipes.ts";
import { aStore, builtImage, CACHE, connection, engine, settled } from "./images-support.ts";

const made: string[] = [];
let base: string;
let folder: string;

beforeAll(async () => {
  await builtImage({ kind: "airlock" });
  base = (await baseRecipe(findProductRoot())).reference;
}, 300_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dockerfile-"));
});
afterEach(() => rm(folder, { recursive: true }));
afterAll(async () => {
  for (const id of made) await connection.docker.getImage(id).remove({ force: true });
});

const write = (name: string, text: string) => writeFile(join(folder, name), text);

async function build(store = aStore()) {
  const result = await settled(store, { kind: "dockerfile", path: join(folder, "Dockerfile") });
  if (result.last.kind === "present" && !made.includes(result.last.id)) made.push(result.last.id);
  return result;
}

/** What a command prints in a container of an image. */
async function printedBy(image: string, command: string): Promise<string> {
  const options = {
    Image: image,
    Cmd: ["sh", "-c", command],
    Tty: true,
    HostConfig: { NetworkMode: "none" },
  };
  const container = await connection.docker.createContainer(options);
  try {
    await container.start();
    await container.wait();
    return (await container.logs({ stdout: true })).toString().trim();
  } finally {
    await container.remove({ force: true });
  }
}

const idOf = (state: { kind: string; id?: string }): string => {
  expect(state.kind).toBe("present");
  return state.id ?? "";
};

describe("a user's Dockerfile", () => {
  it("is built with its folder as the context and the host's CA in it", async () => {
    await mkdir(join(folder, "private"));
    await write("private/key", "not for the image");
    await write("tool.sh", "#!/bin/sh\necho works\n");
    await write(".dockerignore", "private\n");
    await write("ca.pem", "-----BEGIN CERTIFICATE-----");
    await write(
      "Dockerfile",
      `FROM ${base}\nCOPY . /context/\nRUN cp /context/.bot-bottle/ca.pem /used-in-a-step\n`,
    );
    const hostCaFile = join(folder, "ca.pem");
    const store = createImageStore({
      engine,
      productRoot: findProductRoot(),
      cacheFolder: CACHE,
      hostCaFile,
    });
    const { last, steps } = await build(store);
    const found = await printedBy(idOf(last), "sh /context/tool.sh; ls /context; cat /used-in-a-step");
    expect(found.split(/\s+/)).toEqual(
      expect.arrayContaining(["works", "tool.sh", "Dockerfile", "CERTIFICATE-----"]),
    );
    expect(found).not.toContain("private");
    expect(steps.join("\n")).toMatch(/Step \d\/3 : /);
  });

  it("is built anew when it changes, and not when it does not", async () => {
    await write("Dockerfile", `FROM ${base}\nENV A=1\n`);
    const store = aStore();
    const first = idOf((await build(store)).last);
    const again = await build(store);
    expect([idOf(again.last), again.steps]).toEqual([first, []]);
    await write("Dockerfile", `FROM ${base}\nENV A=22\n`);
    expect(idOf((await build(store)).last)).not.toBe(first);
  });

  it("shows the last lines of a build that fails, leaves no container, and rests", async () => {
    await write("Dockerfile", `FROM ${base}\nRUN echo the reason is ${folder} && exit 3\n`);
    const store = aStore();
    const { last } = await build(store);
    expect(last).toMatchObject({
      kind: "failed",
      lastLines: expect.stringContaining(`the reason is ${folder}`),
    });
    expect(last).toMatchObject({ lastLines: expect.stringContaining("returned a non-zero code: 3") });
    expect((await build(store)).steps).toEqual([]);
    const containers = await connection.docker.listContainers({ all: true });
    expect(containers.filter(({ Command }) => Command.includes(folder))).toEqual([]);
  });

  it.each([
    ["cannot be parsed", "FROM x\nNONSENSE\n", /unknown instruction: NONSENSE/],
    ["has a base that nobody has", "FROM localhost:1/nobody/has:this\n", /localhost:1/],
  ])("that %s says so", async (_what, text, words) => {
    await write("Dockerfile", text);
    const { last } = await build();
    expect(last).toMatchObject({ kind: "failed", lastLines: expect.stringMatching(words) });
  });

  it("that is not there says so", async () => {
    const { last } = await build();
    expect(last).toMatchObject({
      kind: "failed",
      lastLines: expect.stringContaining("cannot be read: ENOENT"),
    });
  });

  it("has no way to the host's network in its steps", async () => {
    await write("Dockerfile", `FROM ${base}\nRUN ls /sys/class/net > /interfaces\n`);
    const id = idOf((await build()).last);
    expect((await printedBy(id, "cat /interfaces")).split(/\s+/)).toEqual(["eth0", "lo"]);
  });

  it("is built once when two control planes want it at once", async () => {
    await write("Dockerfile", `FROM ${base}\nRUN sleep 1; cat /proc/sys/kernel/random/uuid > /once\n`);
    const [a, b] = await Promise.all([build(aStore()), build(aStore())]);
    expect(idOf(a.last)).toBe(idOf(b.last));
    expect([...a.steps, ...b.steps]).toContain("waiting for another bot-bottle that builds it");
  });
});
