import { describe, expect, it } from "vitest";
import { events, namespaces } from "../../../crds/core.ts";
import { bottleClasses, bottles } from "../../../crds/resources.ts";
import { ExpiredError, InvalidError, NotFoundError } from "../../../reconcilers/contract/errors.ts";
import {
  aDraft,
  aFolder,
  anEvent,
  aNamespace,
  aStore,
  changesOf,
  ManualClock,
  ref,
} from "../../../tests/integration/store-kit.ts";
import { openSqliteStore, type ResourceStore } from "../index.ts";
import { HISTORY } from "./log.ts";

describe("list", () => {
  it("selects by namespace, labels and fields, in order", () => {
    const store = aStore();
    store.create(namespaces, aNamespace("team"));
    store.create(bottles, aDraft("b", { labels: { tier: "one" } }));
    store.create(bottles, aDraft("a", { labels: { tier: "two" } }));
    store.create(bottles, aDraft("c", { namespace: "team", labels: { tier: "one" } }));
    const names = (options: object) =>
      store.list(bottles, options).items.map(({ metadata }) => metadata.name);
    expect(names({})).toEqual(["a", "b", "c"]);
    expect(names({ namespace: "default" })).toEqual(["a", "b"]);
    expect(names({ labelSelector: "tier in (one)" })).toEqual(["b", "c"]);
    expect(names({ fieldSelector: "metadata.name=a" })).toEqual(["a"]);
    expect(names({ namespace: "nowhere" })).toEqual([]);
  });

  it("shows one moment over all pages, whatever changes in between", () => {
    const store = aStore();
    for (const name of ["a", "b", "c", "d", "e"]) store.create(bottles, aDraft(name));
    const first = store.list(bottles, { limit: 2 });
    store.delete(bottles, ref("c"), {});
    store.create(bottles, aDraft("bb"));
    store.update(bottles, aDraft("d", {}, { operatingMode: "Suspended" }));
    const second = store.list(bottles, { limit: 2, continue: first.continue });
    const third = store.list(bottles, { limit: 2, continue: second.continue });
    const all = [first, second, third];
    expect(all.map(({ items }) => items.map(({ metadata }) => metadata.name))).toEqual([
      ["a", "b"],
      ["c", "d"],
      ["e"],
    ]);
    expect(second.items[1]?.spec).toEqual({});
    expect(new Set(all.map(({ resourceVersion }) => resourceVersion)).size).toBe(1);
    expect(third.continue).toBeUndefined();
  });

  it("counts selected objects toward a page", () => {
    const store = aStore();
    for (const name of ["a", "b", "c", "d"])
      store.create(bottles, aDraft(name, { labels: { odd: `${name > "b"}` } }));
    const first = store.list(bottles, { limit: 1, labelSelector: "odd=true" });
    expect(first.items[0]?.metadata.name).toBe("c");
    const second = store.list(bottles, { limit: 1, labelSelector: "odd=true", continue: first.continue });
    expect(second.items[0]?.metadata.name).toBe("d");
    expect(second.continue).toBeUndefined();
  });

  it("refuses a token that is old or none of its own", () => {
    const clock = new ManualClock();
    const store = aStore(clock);
    for (const name of ["a", "b"]) store.create(bottles, aDraft(name));
    const token = store.list(bottles, { limit: 1 }).continue;
    forgetHistory(store, clock);
    expect(() => store.list(bottles, { continue: token })).toThrow(ExpiredError);
    for (const bad of ["", "x", Buffer.from("[1]").toString("base64url")]) {
      expect(() => store.list(bottles, { continue: bad })).toThrow(InvalidError);
    }
  });
});

describe("history", () => {
  it("goes on from any version that is kept", async () => {
    const store = aStore();
    const start = store.resourceVersion;
    const made = store.create(bottles, aDraft("a"));
    store.delete(bottles, ref("a"), {});
    const fromStart = changesOf(store, bottles, { resourceVersion: start });
    const fromMade = changesOf(store, bottles, { resourceVersion: made.metadata.resourceVersion });
    await expect.poll(() => fromStart.seen).toEqual(["ADDED a", "DELETED a"]);
    await expect.poll(() => fromMade.seen).toEqual(["DELETED a"]);
  });

  it("says that a version before the history, or of another database, has expired", () => {
    const clock = new ManualClock();
    const store = aStore(clock);
    const start = store.resourceVersion;
    forgetHistory(store, clock);
    for (const version of [start, "0", "1", "nonsense", String(Number(store.resourceVersion) + 1)]) {
      expect(() => store.watch(bottles, { resourceVersion: version })).toThrow(ExpiredError);
    }
  });

  it("says so for versions of a database that was moved away, however much the new one has", () => {
    const clock = new ManualClock();
    const old = aStore(clock);
    old.create(bottles, aDraft("a"));
    const version = old.resourceVersion;
    clock.advance(1_000);
    const fresh = aStore(clock);
    for (let index = 0; index < 10; index += 1) fresh.create(bottles, aDraft(`b${index}`));
    expect(() => fresh.watch(bottles, { resourceVersion: version })).toThrow(ExpiredError);
  });

  it("keeps the newest state of an object however old it is", () => {
    const clock = new ManualClock();
    const store = aStore(clock);
    const made = store.create(bottles, aDraft("old"));
    forgetHistory(store, clock);
    expect(store.get(bottles, ref("old"))).toEqual(made);
    expect(store.list(bottles, {}).items).toContainEqual(made);
  });

  it("keeps the state before each change that it keeps", async () => {
    const clock = new ManualClock();
    const store = aStore(clock);
    store.create(bottles, aDraft("a", { labels: { on: "yes" } }));
    store.create(bottles, aDraft("b", { labels: { on: "yes" } }));
    const page = store.list(bottles, { limit: 1 });
    clock.advance(HISTORY.ms + 1);
    store.update(bottles, aDraft("b", { labels: { on: "no" } }));
    churn(store, 501);
    // the page's moment is the last that is whole
    expect(() => store.watch(bottles, { resourceVersion: String(Number(page.resourceVersion) - 1) })).toThrow(
      ExpiredError,
    );
    const { events: seen } = changesOf(store, bottles, { ...page, labelSelector: "on=yes" });
    await expect.poll(() => seen).toMatchObject([{ type: "DELETED", object: { metadata: { name: "b" } } }]);
    const rest = store.list(bottles, { continue: page.continue });
    expect(rest.items).toMatchObject([{ metadata: { name: "b", labels: { on: "yes" } } }]);
  });

  it("keeps the last rows and no more", () => {
    const store = aStore();
    const start = Number(store.resourceVersion);
    // in one transaction, for ten thousand durable writes take a while
    store.dryRun(() => {
      churn(store, HISTORY.rows + 500);
      expect(() => store.watch(bottles, { resourceVersion: String(start) })).toThrow(ExpiredError);
      const kept = String(Number(store.resourceVersion) - HISTORY.rows);
      expect(store.watch(bottles, { resourceVersion: kept }).resourceVersion).toBe(kept);
    });
  });

  it("forgets what is older than an hour", () => {
    const clock = new ManualClock();
    const directory = aFolder();
    const first = openSqliteStore({ directory, clock });
    const start = first.resourceVersion;
    first.create(bottles, aDraft("a"));
    first.close();
    clock.advance(HISTORY.ms + 1);
    const second = aStore(clock, directory);
    expect(() => second.watch(bottles, { resourceVersion: start })).toThrow(ExpiredError);
    expect(second.get(bottles, ref("a"))).toBeDefined();
  });

  it("never uses an id twice, not after a restart either", () => {
    const directory = aFolder();
    const first = openSqliteStore({ directory, clock: new ManualClock() });
    first.create(bottles, aDraft("a"));
    first.delete(bottles, ref("a"), {});
    const version = first.resourceVersion;
    first.close();
    const second = aStore(new ManualClock(), directory);
    expect(second.resourceVersion).toBe(version);
    expect(second.create(bottles, aDraft("a")).metadata.resourceVersion).toBe(String(Number(version) + 1));
  });
});

describe("watch", () => {
  it("reports what enters and leaves a selection", async () => {
    const store = aStore();
    const { seen } = changesOf(store, bottles, { labelSelector: "on=yes" });
    const label = (on: string) => store.update(bottles, aDraft("a", { labels: { on } }));
    store.create(bottles, aDraft("a"));
    label("yes");
    store.update(bottles, aDraft("a", { labels: { on: "yes" } }, { operatingMode: "Suspended" }));
    label("no");
    label("yes");
    store.delete(bottles, ref("a"), {});
    await expect.poll(() => seen).toEqual(["ADDED a", "MODIFIED a", "DELETED a", "ADDED a", "DELETED a"]);
  });

  it("sees one namespace and one kind only", async () => {
    const store = aStore();
    store.create(namespaces, aNamespace("team"));
    const { seen, watch } = changesOf(store, bottles, { namespace: "team" });
    store.create(bottles, aDraft("a"));
    store.create(bottles, aDraft("b", { namespace: "team" }));
    store.create(events, anEvent("e"));
    await expect.poll(() => seen).toEqual(["ADDED b"]);
    expect(watch.resourceVersion).toBe(store.resourceVersion);
  });

  it("cuts off a reader that falls behind the history, and waits for nobody", async () => {
    const clock = new ManualClock();
    const store = aStore(clock);
    const watch = store.watch(bottles, { resourceVersion: store.resourceVersion });
    const reader = watch[Symbol.asyncIterator]();
    store.create(bottles, aDraft("a"));
    expect(await reader.next()).toMatchObject({ value: { type: "ADDED" } });
    forgetHistory(store, clock);
    await expect(reader.next()).rejects.toThrow(ExpiredError);
  });

  it("hands out more than a batch in order", async () => {
    const store = aStore();
    const { events: seen } = changesOf(store, bottles);
    for (let index = 0; index < 350; index += 1) store.create(bottles, aDraft(`b${index}`));
    await expect.poll(() => seen.length).toBe(350);
    const names = seen.map((event) => (event.type === "BOOKMARK" ? "" : event.object.metadata.name));
    expect(names).toEqual(Array.from({ length: 350 }, (_, index) => `b${index}`));
  });

  it("ends when it is closed, and when the store is", async () => {
    const store = aStore();
    const one = changesOf(store, bottles);
    const other = changesOf(store, bottles);
    await Promise.resolve();
    one.watch.close();
    await expect(one.ended).resolves.toBeUndefined();
    store.close();
    await expect(other.ended).resolves.toBeUndefined();
  });
});

describe("dryRun", () => {
  it("answers as the write would and leaves nothing", async () => {
    const store = aStore();
    const { seen } = changesOf(store, bottles);
    const version = store.resourceVersion;
    expect(store.dryRun(() => store.create(bottles, aDraft("a"))).metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(() => store.dryRun(() => store.delete(bottles, ref("a"), {}))).toThrow(NotFoundError);
    expect(store.get(bottles, ref("a"))).toBeUndefined();
    expect(store.resourceVersion).toBe(version);
    store.create(bottles, aDraft("b"));
    await expect.poll(() => seen).toEqual(["ADDED b"]);
  });
});

/** Writes, lets time pass, and writes enough of another kind for history before now to be forgotten. */
function forgetHistory(store: ResourceStore, clock: ManualClock): void {
  churn(store, 1);
  clock.advance(HISTORY.ms + 1);
  churn(store, 501);
}

function churn(store: ResourceStore, changes: number): void {
  for (let index = 0; index < changes; index += 1) {
    const aClass = {
      apiVersion: "bot-bottle.dev/v1alpha1" as const,
      kind: "BottleClass" as const,
      metadata: { name: "churn", labels: { n: store.resourceVersion } },
      spec: {},
    };
    if (store.get(bottleClasses, aClass.metadata) === undefined) store.create(bottleClasses, aClass);
    else store.update(bottleClasses, aClass);
  }
}
