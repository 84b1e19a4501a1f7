import { randomBytes } from "node:crypto";
import { afterAll, expect, it } from "vitest";
import { aStore, builtImage, connection } from "./images-support.ts";

const AIRLOCK = { kind: "airlock" } as const;
const repo = "bot-bottle/airlock";
const tag = `test-${randomBytes(5).toString("hex")}`;
const old = `${repo}:${tag}`;
const signal = AbortSignal.timeout(100_000);
const store = aStore();
const { docker } = connection;

afterAll(async () => {
  await store.remove(old, signal);
  await store.close();
});

const superseded = async (): Promise<string[]> =>
  (await store.superseded([AIRLOCK], signal)).flatMap(({ references }) => references);

it("removes an image of another version, but not while a container uses it, and never the current one", async () => {
  const current = await builtImage(AIRLOCK);
  const container = await docker.createContainer({ Image: current, Entrypoint: ["true"] });
  await container.commit({ repo, tag });
  await container.remove();
  expect(await superseded()).toContain(old);

  const user = await docker.createContainer({ Image: old, Entrypoint: ["true"] });
  await store.remove(old, signal);
  expect(await superseded()).toContain(old);
  await user.remove();
  await store.remove(old, signal);

  expect(await superseded()).not.toContain(old);
  expect(await store.has(AIRLOCK, signal)).toBe(true);
});
