import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { runSource } from "../../controller/engine/source.ts";
import { systemClock } from "../../controller/engine/index.ts";
import type { Bottle } from "../../crds/bottle.ts";
import { bottles } from "../../crds/resources.ts";
import { ApiUnavailableError, ExpiredError } from "../../reconcilers/contract/errors.ts";
import type { ResourceClient } from "../../reconcilers/contract/resource-client.ts";
import { startEmbeddedApi } from "./engine-api.ts";
import { type Fault, startFaultyProxy } from "./engine-faulty-proxy.ts";
import { aDraft, aLogger, ref } from "./store-kit.ts";

let api: Awaited<ReturnType<typeof startEmbeddedApi>>;
let proxy: Awaited<ReturnType<typeof startFaultyProxy>>;
let client: ResourceClient;
beforeAll(async () => {
  api = await startEmbeddedApi();
  proxy = await startFaultyProxy(api, api.tls());
  client = await api.clientAt(proxy.url);
});
afterAll(async () => {
  await proxy.close();
  await api.close();
});

const { signal } = new AbortController();
let counter = 0;
const aName = () => `faulty-${(counter += 1)}`;

/** A source behind the faults; what it heard of the Bottles whose names begin with `prefix`. */
function follow(prefix: string) {
  const { logger, lines } = aLogger();
  const heard: string[] = [];
  const hear = (what: string, name: string) => {
    if (name.startsWith(prefix)) heard.push(`${what} ${name}`);
  };
  const handler = {
    changed: ({ metadata }: Bottle) => hear("changed", metadata.name),
    gone: ({ name }: { name: string }) => hear("gone", name),
  };
  const stop = new AbortController();
  let synced = 0;
  const onSynced = () => (synced += 1);
  // pauses pass twenty times as fast: their lengths are the business of the unit tests
  const clock = { ...systemClock, after: (ms: number, call: () => void) => systemClock.after(ms / 20, call) };
  const options = { client, of: bottles, handler, clock, random: () => 0, logger, onSynced };
  const ended = runSource(options, stop.signal);
  const stopped = async () => {
    stop.abort();
    await ended;
  };
  onTestFinished(stopped);
  return { heard, lines, stopped, synced: () => synced };
}

describe("a call to an API server that fails", () => {
  const read = () => client.list(bottles, {}, signal);

  it.each<[Fault, string]>([
    ["500", "etcd leader changed"],
    ["html 404", "the API server answered 404"],
    ["cut", "the API server cannot be reached"],
  ])("is unavailable, not empty, after %s", async (fault, message) => {
    proxy.faults.list.push(fault);
    const failed = read();
    await expect(failed).rejects.toThrow(ApiUnavailableError);
    await expect(failed).rejects.toThrow(message);
    expect((await read()).items).toBeInstanceOf(Array);
  });

  it.each<Fault>(["500", "html 404", "cut"])(
    "never says that an object does not exist after %s",
    async (fault) => {
      proxy.faults.list.push(fault);
      await expect(client.get(bottles, ref("nobody"), signal)).rejects.toThrow(ApiUnavailableError);
      expect(await client.get(bottles, ref("nobody"), signal)).toBeUndefined();
    },
  );

  it("has expired after 410", async () => {
    proxy.faults.list.push("410");
    await expect(read()).rejects.toThrow(ExpiredError);
  });

  it("is unavailable when nobody listens", async () => {
    const nobody = await api.clientAt("https://127.0.0.1:1");
    await expect(nobody.list(bottles, {}, signal)).rejects.toThrow(ApiUnavailableError);
  });
});

describe("a watch that fails", () => {
  const watch = async () => {
    for await (const _ of client.watch(
      bottles,
      { resourceVersion: api.store.resourceVersion, timeoutSeconds: 1 },
      signal,
    ));
  };

  it.each<[Fault, new (message: string) => Error]>([
    ["500", ApiUnavailableError],
    ["cut", ApiUnavailableError],
    ["garbage line", ApiUnavailableError],
    ["410", ExpiredError],
    ["expired event", ExpiredError],
  ])("after %s throws what it is", async (fault, error) => {
    proxy.faults.watch.push(fault);
    await expect(watch()).rejects.toThrow(error);
  });

  it.each<Fault>(["reset in mid-line", "half a line"])("after %s has given no half event", async (fault) => {
    proxy.faults.watch.push(fault);
    const { resourceVersion } = api.store;
    api.store.create(bottles, aDraft(aName()));
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const event of client.watch(bottles, { resourceVersion }, signal)) seen.push(event);
    })();
    await expect(reading).rejects.toThrow(ApiUnavailableError);
    expect(seen).toEqual([]);
  });
});

describe("a source", () => {
  it.each<Fault>(["500", "cut", "html 404", "410"])(
    "gets its list in the end after %s, twice",
    async (fault) => {
      const name = aName();
      api.store.create(bottles, aDraft(name));
      proxy.faults.list.push(fault, fault);
      const { heard } = follow(name);
      await expect.poll(() => heard, { timeout: 10_000 }).toEqual([`changed ${name}`]);
    },
  );

  it.each<Fault>([
    ...(["500", "cut", "reset in mid-line", "half a line", "garbage line", "empty stream"] as const),
    ...(["410", "expired event"] as const),
  ])("misses nothing and hears nothing twice when its watch meets: %s", async (fault) => {
    const prefix = aName();
    const { heard, synced } = follow(prefix);
    await expect.poll(synced).toBe(1);
    // the watch that is open now is closed, so that the next one meets the fault
    proxy.faults.watch.push(fault, fault);
    api.store.create(bottles, aDraft(`${prefix}-a`));
    proxy.cutAll();
    api.store.create(bottles, aDraft(`${prefix}-b`));
    api.store.delete(bottles, ref(`${prefix}-a`), {});
    await expect.poll(() => proxy.faults.watch.length, { timeout: 10_000 }).toBe(0);
    api.store.create(bottles, aDraft(`${prefix}-c`));
    await expect.poll(() => heard.at(-1), { timeout: 10_000 }).toBe(`changed ${prefix}-c`);
    const once = [...new Set(heard)];
    expect(heard).toEqual(once);
    expect(heard).toContain(`changed ${prefix}-b`);
    // one that came and went while nobody looked may never be heard of, but not as half a life
    expect(heard.includes(`changed ${prefix}-a`)).toBe(heard.includes(`gone ${prefix}-a`));
  });

  it("hears of an object that was recreated under its name while the API was away", async () => {
    const name = aName();
    api.store.create(bottles, aDraft(name));
    const { heard } = follow(name);
    await expect.poll(() => heard).toEqual([`changed ${name}`]);
    proxy.faults.watch.push("410");
    proxy.cutAll();
    api.store.delete(bottles, ref(name), {});
    api.store.create(bottles, aDraft(name));
    await expect
      .poll(() => heard, { timeout: 10_000 })
      .toEqual([`changed ${name}`, `gone ${name}`, `changed ${name}`]);
  });

  it("ends at once while the API is away", async () => {
    proxy.faults.list.push("500");
    const { lines, stopped } = follow("none");
    await expect.poll(() => lines("cannot follow changes, trying again").length).toBe(1);
    await expect(stopped()).resolves.toBeUndefined();
  });
});
