import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../local-runtime/images/clock.ts";
import { buildImage } from "../../local-runtime/images/image-builder.ts";
import { findProductRoot } from "../../local-runtime/images/index.ts";
import { baseRecipe } from "../../local-runtime/images/recipes.ts";
import { aStore, builtImage, connection, engine, settled } from "./images-support.ts";

const REGISTRY = "/usr/bin/docker-registry";
const run = promisify(execFile);
const signal = AbortSignal.timeout(240_000);

let folder: string;
let product: string;
let registry: ChildProcess;
let debianImage: string;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function startRegistry(port: number): Promise<ChildProcess> {
  const configuration = [
    "version: 0.1",
    `storage: {filesystem: {rootdirectory: ${folder}/registry}}`,
    `http: {addr: "127.0.0.1:${port}"}`,
  ];
  await writeFile(join(folder, "registry.yml"), `${configuration.join("\n")}\n`);
  // It must not outlive a test that is killed.
  const argv = ["--pdeathsig", "KILL", REGISTRY, "serve", join(folder, "registry.yml")];
  const child = spawn("setpriv", argv, { stdio: "ignore" });
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined);
    if (answer?.ok) return child;
    await delay(50, undefined, { signal });
  }
}

/** Lets the registry serve what the machine's base image is made of, under Debian's name. */
async function publish(reference: string): Promise<void> {
  const base = await baseRecipe(findProductRoot());
  await engine.tag(base.reference, reference, signal);
  const stream = await connection.docker.getImage(reference).push({ authconfig: {} });
  await new Promise((resolve, reject) =>
    connection.docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve(undefined))),
  );
  await engine.remove(reference, signal);
}

beforeAll(async () => {
  // The suite sets itself up: Debian's own registry stands for the one that most people's Docker reaches.
  if (!existsSync(REGISTRY)) await run("apt-get", ["install", "--yes", "--quiet", "docker-registry"]);
  folder = await mkdtemp(join(tmpdir(), "registry-"));
  product = join(folder, "product");
  const images = join(product, "local-runtime/images");
  await cp(join(findProductRoot(), "local-runtime/images"), images, { recursive: true });
  const list = { suite: "trixie", packages: ["tree"] };
  await writeFile(join(images, "base/packages.json"), JSON.stringify(list));
  await appendFile(join(images, "base/install.sh"), `# ${folder}\n`);
  await builtImage({ kind: "airlock" });
  const port = await freePort();
  registry = await startRegistry(port);
  debianImage = `127.0.0.1:${port}/debian:trixie-slim`;
  await publish(debianImage);
}, 540_000);

afterAll(async () => {
  registry.kill();
  const base = await baseRecipe(product);
  for (const reference of [debianImage, base.reference]) {
    await engine.remove(reference, AbortSignal.timeout(30_000));
  }
  await rm(folder, { recursive: true });
});

/** What a command prints in a container of an image, and the exit code after it. */
async function printedBy(image: string, command: string): Promise<string> {
  const options = { Image: image, Cmd: ["sh", "-c", `${command}; echo $?`], Tty: true };
  const container = await connection.docker.createContainer({
    ...options,
    HostConfig: { NetworkMode: "none" },
  });
  try {
    await container.start();
    await container.wait();
    return (await container.logs({ stdout: true })).toString().trim();
  } finally {
    await container.remove({ force: true });
  }
}

describe("where a registry answers", () => {
  it("makes the base of Debian's image and the list, without the host's CA in it", async () => {
    const hostCaFile = join(folder, "ca.pem");
    await writeFile(hostCaFile, "-----BEGIN CERTIFICATE-----\nof the host\n");
    const lines: string[] = [];
    const options = { engine, productRoot: product, cacheFolder: join(folder, "cache"), clock: systemClock };
    const id = await buildImage(
      await baseRecipe(product),
      { ...options, debianImage, hostCaFile },
      { onLine: (line) => lines.push(line), signal },
    );
    expect(await printedBy(id, "tree --version | cut -c1-4")).toMatch(/^tree\s+0$/);
    expect(await printedBy(id, "ls /tmp; grep -rl 'of the host' /etc /tmp /usr/local /var")).toBe("1");
    expect(lines.join("\n")).toMatch(/Setting up tree/);
    const history: unknown = await connection.docker.getImage(id).history();
    expect(JSON.stringify(history)).not.toContain("of the host");
    const { Config } = await connection.docker.getImage(id).inspect();
    expect(Config.Cmd).toEqual(["bash"]);
    await engine.remove(debianImage, signal);
  });

  it("pulls one image, not all of a name, when a bottle names no tag", async () => {
    const name = debianImage.replace(":trixie-slim", "");
    const store = aStore();
    expect((await settled(store, { kind: "reference", reference: name })).last).toEqual({ kind: "missing" });
    expect(await engine.find(debianImage, signal)).toBeUndefined();
  });

  it("pulls an image that a bottle names, and says that one is missing", async () => {
    const store = aStore();
    const { last } = await settled(store, { kind: "reference", reference: debianImage });
    expect(last).toMatchObject({ kind: "present", id: expect.stringMatching(/^sha256:/) });
    const other = debianImage.replace("trixie-slim", "of-nobody");
    expect((await settled(store, { kind: "reference", reference: other })).last).toEqual({ kind: "missing" });
  });
});
