import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findProductRoot } from "../../local-runtime/images/index.ts";
import { baseRecipe, productRecipe } from "../../local-runtime/images/recipes.ts";
import type { WantedImage } from "../../reconcilers/contract/image-store.ts";
import { builtImage, connection, engine } from "./images-support.ts";

const signal = AbortSignal.timeout(400_000);
let folder: string;
let product: string;
let cache: string;

// A product of its own with a short list of packages; its folder's name in a script makes its base one that nobody has.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "killed-"));
  [product, cache] = [join(folder, "product"), join(folder, "cache")];
  const images = join(product, "local-runtime/images");
  await cp(join(findProductRoot(), "local-runtime/images"), images, { recursive: true });
  await writeFile(join(product, "package.json"), "{}");
  const list = { suite: "trixie", packages: ["ca-certificates"] };
  await writeFile(join(images, "base/packages.json"), JSON.stringify(list));
  await appendFile(join(images, "base/debootstrap.sh"), `# ${folder}\n`);
  await builtImage({ kind: "airlock" });
}, 300_000);

afterAll(async () => {
  const recipes = [await productRecipe("airlock", product, "x64"), await baseRecipe(product)];
  for (const { reference } of recipes) await engine.remove(reference, AbortSignal.timeout(30_000));
  await rm(folder, { recursive: true, force: true });
});

function builder(image: WantedImage): ChildProcess {
  const program = join(findProductRoot(), "tests/integration/images-builder-process.ts");
  return spawn(process.execPath, [program, product, cache, JSON.stringify(image)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(50, undefined, { signal });
}

/** Command lines of all processes that name our folder. */
async function processesThere(): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.filter((line) => line.includes(cache) && !line.includes("images-builder-process"));
}

async function logOfDebootstrap(): Promise<string> {
  const [work = ""] = await workedOn();
  return readFile(join(cache, "work", work, "root/debootstrap/debootstrap.log"), "utf8").catch(() => "");
}

const workedOn = async (): Promise<string[]> => readdir(join(cache, "work")).catch(() => []);

it("leaves neither processes nor mounts nor images of a base whose builder was killed, and begins again", async () => {
  const { reference } = await baseRecipe(product);
  const first = builder({ kind: "airlock" });
  // By then /proc is mounted in the new root, and dpkg works without a word that a closed pipe could end.
  await until(async () => (await logOfDebootstrap()).includes("Unpacking"));
  await kill(first);

  await delay(1_000);
  expect(await processesThere()).toEqual([]);
  expect(await readFile("/proc/self/mounts", "utf8")).not.toContain(cache);
  expect(await engine.find(reference, signal)).toBeUndefined();

  const second = builder({ kind: "airlock" });
  await new Promise((resolve) => second.once("exit", resolve));
  expect(await engine.find(reference, signal)).toBeDefined();
  expect(await workedOn()).toEqual([]);
}, 400_000);

it("leaves no container and no name of an image whose builder was killed", async () => {
  const base = await baseRecipe(findProductRoot());
  const mark = `sleep 30 # ${folder}`;
  await writeFile(join(folder, "Dockerfile"), `FROM ${base.reference}\nRUN ${mark}\n`);
  const ours = async () => {
    const all = await connection.docker.listContainers({ all: true });
    return all.filter(({ Command }) => Command.includes(folder));
  };
  const before = await engine.list(signal);
  const child = builder({ kind: "dockerfile", path: join(folder, "Dockerfile") });
  await until(async () => (await ours()).length > 0);
  await kill(child);
  await until(async () => (await ours()).length === 0);
  const custom = (references: readonly string[]) =>
    references.some((name) => name.startsWith("bot-bottle/custom"));
  const named = (await engine.list(signal)).filter(({ references }) => custom(references));
  expect(named.map(({ id }) => id)).toEqual(
    before.filter(({ references }) => custom(references)).map(({ id }) => id),
  );
}, 60_000);
