import { describe, expect, it } from "vitest";
import { events, namespaces, secrets } from "../../../crds/core.ts";
import { bottleClasses, bottles } from "../../../crds/resources.ts";
import {
  AlreadyExistsError,
  ConflictError,
  ForbiddenError,
  InvalidError,
  NotFoundError,
} from "../../../reconcilers/contract/errors.ts";
import {
  aDraft,
  anEvent,
  aNamespace,
  aStore,
  changesOf,
  ManualClock,
  ref,
} from "../../../tests/integration/store-kit.ts";
import { EVENT_LIFETIME_MS } from "./writer.ts";

describe("create", () => {
  it("fills in what the server owns and drops status", () => {
    const store = aStore();
    const made = store.create(bottles, {
      ...aDraft("a", { uid: "mine", generation: 7, labels: { x: "y" } }),
      status: {},
    });
    expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(made).toEqual({
      apiVersion: "bot-bottle.dev/v1alpha1",
      kind: "Bottle",
      metadata: {
        ...ref("a"),
        uid: made.metadata.uid,
        resourceVersion: store.resourceVersion,
        generation: 1,
        creationTimestamp: "2026-06-01T12:00:00Z",
        labels: { x: "y" },
      },
      spec: {},
    });
    expect(store.get(bottles, ref("a"))).toEqual(made);
  });

  it("refuses a name that is taken, a namespace that is not there", () => {
    const store = aStore();
    store.create(bottles, aDraft("a"));
    expect(() => store.create(bottles, aDraft("a"))).toThrow(AlreadyExistsError);
    expect(() => store.create(bottles, aDraft("a"))).toThrow('bottles.bot-bottle.dev "a" already exists');
    expect(() => store.create(bottles, aDraft("a", { namespace: "x" }))).toThrow(NotFoundError);
    expect(() => store.create(bottles, aDraft("a", { namespace: "x" }))).toThrow('namespaces "x" not found');
  });

  it("puts an object without a namespace into the default one, and says so in the object", () => {
    const store = aStore();
    const made = store.create(bottles, { ...aDraft("a"), metadata: { name: "a" } });
    expect(made.metadata.namespace).toBe("default");
    expect(store.get(bottles, ref("a"))).toEqual(made);
  });

  it("keeps cluster-scoped objects out of namespaces", () => {
    const store = aStore();
    const made = store.create(bottleClasses, {
      apiVersion: "bot-bottle.dev/v1alpha1",
      kind: "BottleClass",
      metadata: { name: "base" },
      spec: {},
    });
    expect(made.metadata).not.toHaveProperty("namespace");
    expect(store.get(bottleClasses, { name: "base" })).toEqual(made);
    expect(store.list(bottleClasses, {}).items).toHaveLength(1);
  });

  it("stores no Secret with a value in it, and does not say it", () => {
    const store = aStore();
    const secret = { apiVersion: "v1" as const, kind: "Secret" as const, metadata: ref("s") };
    const version = store.resourceVersion;
    for (const leak of [
      { data: { a: "aHVudGVyMg==" } },
      { stringData: { a: "hunter2" } },
      {
        metadata: {
          ...ref("s"),
          annotations: { "kubectl.kubernetes.io/last-applied-configuration": "hunter2" },
        },
      },
    ]) {
      const attempt = () => store.create(secrets, { ...secret, ...leak });
      expect(attempt).toThrow("reached the store with a value in it");
      expect(attempt).not.toThrow(/hunter2|aHVu/);
    }
    expect(store.resourceVersion).toBe(version);
    expect(store.create(secrets, { ...secret, data: { a: "" } }).data).toEqual({ a: "" });
  });
});

describe("update", () => {
  it("replaces all but status and bumps generation for content only", () => {
    const store = aStore();
    const made = store.create(bottles, aDraft("a"));
    const withStatus = store.updateStatus(bottles, { ...made, status: { provider: "claude" } });
    expect(withStatus.metadata.generation).toBe(1);
    const labelled = store.update(bottles, {
      ...withStatus,
      metadata: { ...withStatus.metadata, labels: { a: "b" } },
      status: { provider: "forged" },
    });
    expect(labelled.metadata.generation).toBe(1);
    expect(labelled.status).toEqual({ provider: "claude" });
    const suspended = store.update(bottles, { ...labelled, spec: { operatingMode: "Suspended" } });
    expect(suspended.metadata.generation).toBe(2);
    expect(suspended.metadata.labels).toEqual({ a: "b" });
  });

  it("leaves status writes out of spec and metadata", () => {
    const store = aStore();
    const made = store.create(bottles, aDraft("a"));
    const next = store.updateStatus(bottles, {
      ...made,
      metadata: { ...made.metadata, labels: { forged: "yes" } },
      spec: { operatingMode: "Suspended" },
      status: { provider: "claude" },
    });
    expect(next).toEqual({ ...made, metadata: next.metadata, status: { provider: "claude" } });
    expect(next.metadata).not.toHaveProperty("labels");
  });

  it("does not write an equal object again", () => {
    const store = aStore();
    const made = store.create(bottles, aDraft("a"));
    const version = store.resourceVersion;
    expect(store.update(bottles, made)).toEqual(made);
    expect(store.updateStatus(bottles, made)).toEqual(made);
    expect(store.resourceVersion).toBe(version);
  });

  it("refuses an old version and another uid, and takes a write without a version", () => {
    const store = aStore();
    const made = store.create(bottles, aDraft("a"));
    store.update(bottles, { ...made, spec: { operatingMode: "Suspended" } });
    expect(() => store.update(bottles, made)).toThrow(ConflictError);
    expect(() => store.update(bottles, made)).toThrow("the object has been modified");
    expect(() => store.updateStatus(bottles, made)).toThrow(ConflictError);
    expect(() => store.update(bottles, aDraft("a", { uid: "other" }))).toThrow(ConflictError);
    expect(store.update(bottles, aDraft("a")).metadata.uid).toBe(made.metadata.uid);
    expect(() => store.update(bottles, aDraft("b"))).toThrow(NotFoundError);
  });
});

describe("delete", () => {
  it("removes what has no finalizer and returns its last state", () => {
    const store = aStore();
    const made = store.create(bottles, aDraft("a"));
    const gone = store.delete(bottles, ref("a"), {});
    expect(gone.metadata.uid).toBe(made.metadata.uid);
    expect(store.get(bottles, ref("a"))).toBeUndefined();
    expect(() => store.delete(bottles, ref("a"), {})).toThrow(NotFoundError);
  });

  it("marks what has finalizers, and the removal of the last one removes it", async () => {
    const store = aStore();
    const { seen } = changesOf(store, bottles);
    store.create(bottles, aDraft("a", { finalizers: ["x/a", "x/b"] }));
    const marked = store.delete(bottles, ref("a"), {});
    expect(marked.metadata).toMatchObject({ deletionTimestamp: "2026-06-01T12:00:00Z", generation: 2 });
    expect(store.delete(bottles, ref("a"), {})).toEqual(marked);
    const kept = store.update(bottles, { ...marked, metadata: { ...marked.metadata, finalizers: ["x/b"] } });
    expect(store.get(bottles, ref("a"))).toEqual(kept);
    store.update(bottles, { ...kept, metadata: { ...kept.metadata, finalizers: [] } });
    expect(store.get(bottles, ref("a"))).toBeUndefined();
    await expect.poll(() => seen).toEqual(["ADDED a", "MODIFIED a", "MODIFIED a", "DELETED a"]);
  });

  it("lets nobody take a deletion back or add a finalizer to what is being deleted", () => {
    const store = aStore();
    store.create(bottles, aDraft("a", { finalizers: ["x/a"] }));
    const marked = store.delete(bottles, ref("a"), {});
    const { deletionTimestamp: _, ...metadata } = marked.metadata;
    expect(store.update(bottles, { ...marked, metadata }).metadata.deletionTimestamp).toBeDefined();
    expect(() =>
      store.update(bottles, { ...marked, metadata: { ...marked.metadata, finalizers: ["x/a", "x/b"] } }),
    ).toThrow(InvalidError);
  });

  it("holds to its preconditions", () => {
    const store = aStore();
    const made = store.create(bottles, aDraft("a"));
    expect(() => store.delete(bottles, ref("a"), { uid: "other" })).toThrow(ConflictError);
    expect(() => store.delete(bottles, ref("a"), { resourceVersion: "1" })).toThrow(ConflictError);
    const { uid, resourceVersion } = made.metadata;
    expect(store.delete(bottles, ref("a"), { uid, resourceVersion }).metadata.name).toBe("a");
  });

  it("gives a recreated object another uid and a higher version", () => {
    const store = aStore();
    const first = store.create(bottles, aDraft("a"));
    store.delete(bottles, ref("a"), {});
    const second = store.create(bottles, aDraft("a"));
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    expect(Number(second.metadata.resourceVersion)).toBe(Number(first.metadata.resourceVersion) + 2);
  });
});

describe("namespaces", () => {
  it("always has the default one, which nobody can delete", () => {
    const store = aStore();
    expect(store.get(namespaces, { name: "default" })).toMatchObject({ status: { phase: "Active" } });
    expect(() => store.delete(namespaces, { name: "default" }, {})).toThrow(ForbiddenError);
  });

  it("takes its contents along and goes with the last of them", () => {
    const store = aStore();
    store.create(namespaces, aNamespace("team"));
    store.create(bottles, aDraft("free", { namespace: "team" }));
    const held = store.create(bottles, aDraft("held", { namespace: "team", finalizers: ["x/a"] }));
    store.create(bottles, aDraft("elsewhere"));
    expect(store.delete(namespaces, { name: "team" }, {})).toMatchObject({
      status: { phase: "Terminating" },
    });
    expect(store.get(bottles, ref("free", "team"))).toBeUndefined();
    expect(store.get(namespaces, { name: "team" })).toMatchObject({ status: { phase: "Terminating" } });
    expect(() => store.create(bottles, aDraft("late", { namespace: "team" }))).toThrow(ForbiddenError);
    store.update(bottles, { ...held, metadata: { ...ref("held", "team") } });
    expect(store.get(namespaces, { name: "team" })).toBeUndefined();
    expect(store.list(bottles, {}).items.map(({ metadata }) => metadata.name)).toEqual(["elsewhere"]);
  });

  it("goes at once when it is empty", () => {
    const store = aStore();
    store.create(namespaces, aNamespace("team"));
    store.delete(namespaces, { name: "team" }, {});
    expect(store.get(namespaces, { name: "team" })).toBeUndefined();
  });
});

describe("events", () => {
  it("go an hour after they were last written", () => {
    const clock = new ManualClock();
    const store = aStore(clock);
    store.create(events, anEvent("old"));
    clock.advance(EVENT_LIFETIME_MS + 1);
    store.create(events, anEvent("new"));
    expect(store.list(events, {}).items.map(({ metadata }) => metadata.name)).toEqual(["new"]);
  });
});
