import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bottle } from "../../crds/bottle.ts";
import { namespaces } from "../../crds/core.ts";
import { bottleClasses, bottles } from "../../crds/resources.ts";
import {
  AlreadyExistsError,
  ConflictError,
  ExpiredError,
  InvalidError,
  NotFoundError,
} from "../../reconcilers/contract/errors.ts";
import type { ResourceClient, WatchEvent, WatchOptions } from "../../reconcilers/contract/resource-client.ts";
import { aDraft } from "../integration/store-draft.ts";

/** An API to run the suite against. The kinds of crds/ are served; what else is in it does not matter. */
export interface ResourceClientHarness {
  readonly client: ResourceClient;
  close(): Promise<void>;
}

const { signal } = new AbortController();
const FINALIZER = "bot-bottle.dev/test";

/** What every ResourceClient promises, whatever is behind it. */
export function describeResourceClient(name: string, open: () => Promise<ResourceClientHarness>): void {
  describe(`ResourceClient: ${name}`, () => {
    const namespace = `contract-${process.pid}`;
    let harness: ResourceClientHarness;
    let client: ResourceClient;
    let counter = 0;
    const aName = () => `b${(counter += 1)}`;
    const draft = (bottle: string, metadata: object = {}, spec: object = {}) =>
      aDraft(bottle, { namespace, ...metadata }, spec);
    const ref = (bottle: string) => ({ namespace, name: bottle });
    const create = (bottle = aName(), metadata: object = {}, spec: object = {}) =>
      client.create(bottles, draft(bottle, metadata, spec), signal);

    beforeAll(async () => {
      harness = await open();
      ({ client } = harness);
      await client.create(
        namespaces,
        { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
        signal,
      );
    });
    afterAll(async () => {
      // a failed opening leaves nothing to close
      await harness?.close();
    });

    /** Reads a watch to the end of `count` events that are no bookmarks. */
    const watched = async (count: number, options: Partial<WatchOptions> & { resourceVersion: string }) => {
      const stop = new AbortController();
      const events: Exclude<WatchEvent<Bottle>, { type: "BOOKMARK" }>[] = [];
      for await (const event of client.watch(bottles, { namespace, ...options }, stop.signal)) {
        if (event.type !== "BOOKMARK") events.push(event);
        if (events.length === count) break;
      }
      stop.abort();
      return events.map(({ type, object }) => `${type} ${object.metadata.name}`);
    };
    const now = async () => (await client.list(bottles, { namespace, limit: 1 }, signal)).resourceVersion;

    describe("one object", () => {
      it("is created with what the server fills in, and read back the same", async () => {
        const made = await create("made", { labels: { a: "b" } }, { operatingMode: "Suspended" });
        expect(made).toMatchObject({
          ...draft("made", { labels: { a: "b" } }, { operatingMode: "Suspended" }),
        });
        expect(made.metadata.generation).toBe(1);
        expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        expect(await client.get(bottles, ref("made"), signal)).toEqual(made);
      });

      it("that does not exist is undefined, and nothing else is", async () => {
        expect(await client.get(bottles, ref("nobody"), signal)).toBeUndefined();
        const unserved = { ...bottles, plural: "carafes" };
        const found = client.get(unserved, ref("nobody"), signal);
        if (name !== "in process") await expect(found).rejects.toThrow();
        else expect(await found).toBeUndefined();
      });

      it("cannot be created twice, nor in a namespace that is not there, nor against its schema", async () => {
        const { metadata } = await create();
        await expect(create(metadata.name)).rejects.toThrow(AlreadyExistsError);
        await expect(create("lost", { namespace: "not-there" })).rejects.toThrow(NotFoundError);
        await expect(create("bad", {}, { operatingMode: "Sleeping" })).rejects.toThrow(InvalidError);
        expect(await client.get(bottles, ref("bad"), signal)).toBeUndefined();
      });

      it("has a status of its own that create and update leave alone", async () => {
        const made = await client.create(
          bottles,
          { ...draft(aName()), status: { provider: "forged" } },
          signal,
        );
        expect(made.status).toBeUndefined();
        const next = await client.update(bottles, { ...made, status: { provider: "forged" } }, signal);
        expect(next.status).toBeUndefined();
      });

      it("counts changes of its spec as generations", async () => {
        const made = await create();
        const labelled = await client.update(
          bottles,
          { ...made, metadata: { ...made.metadata, labels: { a: "b" } } },
          signal,
        );
        expect(labelled.metadata.generation).toBe(1);
        const changed = await client.update(
          bottles,
          { ...labelled, spec: { operatingMode: "Suspended" } },
          signal,
        );
        expect(changed.metadata.generation).toBe(2);
        expect(changed.metadata.labels).toEqual({ a: "b" });
      });

      it("keeps its version when nothing changes", async () => {
        const made = await create();
        expect(await client.update(bottles, made, signal)).toEqual(made);
      });

      it("is written only by who read the newest version", async () => {
        const made = await create();
        await client.update(bottles, { ...made, spec: { operatingMode: "Suspended" } }, signal);
        await expect(client.update(bottles, { ...made, spec: {} }, signal)).rejects.toThrow(ConflictError);
        await expect(
          client.update(bottles, { ...made, metadata: { ...made.metadata, name: "nobody" } }, signal),
        ).rejects.toThrow(NotFoundError);
      });
    });

    describe("status", () => {
      it("is merged, by key; null removes", async () => {
        const { metadata } = await create();
        await client.patchStatus(
          bottles,
          ref(metadata.name),
          { provider: "claude", runtime: "docker" },
          signal,
        );
        const next = await client.patchStatus(
          bottles,
          ref(metadata.name),
          { runtime: null, image: "i" },
          signal,
        );
        expect(next.status).toEqual({ provider: "claude", image: "i" });
        expect(next.metadata.generation).toBe(1);
        expect((await client.get(bottles, ref(metadata.name), signal))?.status).toEqual(next.status);
      });

      it("with a version is written only onto that version", async () => {
        const { metadata } = await create();
        const place = { ...ref(metadata.name), resourceVersion: metadata.resourceVersion };
        await client.patchStatus(bottles, place, { provider: "claude" }, signal);
        await expect(client.patchStatus(bottles, place, { provider: "codex" }, signal)).rejects.toThrow(
          ConflictError,
        );
      });

      it("of an object that is not there is NotFound, against the schema Invalid", async () => {
        await expect(client.patchStatus(bottles, ref("nobody"), {}, signal)).rejects.toThrow(NotFoundError);
        const { metadata } = await create();
        const bad = client.patchStatus(bottles, ref(metadata.name), { observedGeneration: "one" }, signal);
        await expect(bad).rejects.toThrow(InvalidError);
      });
    });

    describe("deletion", () => {
      it("removes what has no finalizer", async () => {
        const { metadata } = await create();
        await client.delete(bottles, ref(metadata.name), signal);
        expect(await client.get(bottles, ref(metadata.name), signal)).toBeUndefined();
        await expect(client.delete(bottles, ref(metadata.name), signal)).rejects.toThrow(NotFoundError);
      });

      it("waits for finalizers", async () => {
        const { metadata } = await create(aName(), { finalizers: [FINALIZER] });
        await client.delete(bottles, ref(metadata.name), signal);
        const marked = await client.get(bottles, ref(metadata.name), signal);
        expect(marked?.metadata).toMatchObject({ finalizers: [FINALIZER], generation: 2 });
        expect(marked?.metadata.deletionTimestamp).toBeDefined();
        if (marked === undefined) return;
        await client.update(bottles, { ...marked, metadata: { ...marked.metadata, finalizers: [] } }, signal);
        expect(await client.get(bottles, ref(metadata.name), signal)).toBeUndefined();
      });

      it("by uid spares another object of the same name", async () => {
        const first = await create();
        const { name: bottle, uid } = first.metadata;
        await client.delete(bottles, { ...ref(bottle), uid }, signal);
        const second = await create(bottle);
        expect(second.metadata.uid).not.toBe(uid);
        await expect(client.delete(bottles, { ...ref(bottle), uid }, signal)).rejects.toThrow(ConflictError);
        expect(await client.get(bottles, ref(bottle), signal)).toBeDefined();
      });
    });

    describe("list", () => {
      it("selects by labels and fields", async () => {
        await create("list-a", { labels: { list: "one", tier: "x" } });
        await create("list-b", { labels: { list: "one" } });
        const names = async (options: object) =>
          (await client.list(bottles, { namespace, ...options }, signal)).items.map(
            ({ metadata }) => metadata.name,
          );
        expect(await names({ labelSelector: "list=one" })).toEqual(["list-a", "list-b"]);
        expect(await names({ labelSelector: "list in (one,two),!tier" })).toEqual(["list-b"]);
        expect(await names({ fieldSelector: "metadata.name=list-a" })).toEqual(["list-a"]);
        expect(await names({ labelSelector: "list=three" })).toEqual([]);
      });

      it("comes in pages that show one moment", async () => {
        const labels = { paged: "yes" };
        for (const bottle of ["page-a", "page-b", "page-c"]) await create(bottle, { labels });
        const page = (token?: string) =>
          client.list(bottles, { namespace, labelSelector: "paged=yes", limit: 2, continue: token }, signal);
        const first = await page();
        await client.delete(bottles, ref("page-c"), signal);
        await create("page-bb", { labels });
        const second = await page(first.continue);
        expect(first.items.map(({ metadata }) => metadata.name)).toEqual(["page-a", "page-b"]);
        expect(second.items.map(({ metadata }) => metadata.name)).toEqual(["page-c"]);
        expect(second.resourceVersion).toBe(first.resourceVersion);
        expect(second.continue ?? "").toBe("");
      });

      it("says of each item what it is, of core kinds too", async () => {
        const { items } = await client.list(namespaces, {}, signal);
        expect(items.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)).toContain("v1 Namespace");
      });

      it("covers kinds without a namespace", async () => {
        const bottleClass = {
          apiVersion: "bot-bottle.dev/v1alpha1" as const,
          kind: "BottleClass" as const,
          metadata: { name: namespace },
          spec: {},
        };
        const made = await client.create(bottleClasses, bottleClass, signal);
        expect(await client.get(bottleClasses, { name: namespace }, signal)).toEqual(made);
        expect((await client.list(bottleClasses, {}, signal)).items).toContainEqual(made);
        await client.delete(bottleClasses, { name: namespace }, signal);
        expect(await client.get(bottleClasses, { name: namespace }, signal)).toBeUndefined();
      });
    });

    describe("watch", () => {
      it("goes on where a list ended, in order, to the deletion", async () => {
        const resourceVersion = await now();
        const bottle = aName();
        const made = await create(bottle);
        await client.update(bottles, { ...made, spec: { operatingMode: "Suspended" } }, signal);
        await client.delete(bottles, ref(bottle), signal);
        await create(bottle);
        expect(await watched(4, { resourceVersion })).toEqual(
          ["ADDED", "MODIFIED", "DELETED", "ADDED"].map((type) => `${type} ${bottle}`),
        );
      });

      it("tells of what happens while it is open, in its namespace alone", async () => {
        const events = watched(1, { resourceVersion: await now() });
        await client.create(bottles, aDraft(`elsewhere-${namespace}`), signal);
        await create("live");
        expect(await events).toEqual(["ADDED live"]);
        await client.delete(bottles, { namespace: "default", name: `elsewhere-${namespace}` }, signal);
      });

      it("ends after its time, and its last bookmark is a place to go on from", async () => {
        const options = { namespace, resourceVersion: await now(), timeoutSeconds: 1 };
        let last = options.resourceVersion;
        for await (const event of client.watch(bottles, options, signal)) {
          last = event.type === "BOOKMARK" ? event.resourceVersion : event.object.metadata.resourceVersion;
        }
        const bottle = aName();
        await create(bottle);
        expect(await watched(1, { resourceVersion: last })).toEqual([`ADDED ${bottle}`]);
      });

      it("from a version that is too old is Expired", async () => {
        await expect(watched(1, { resourceVersion: "1" })).rejects.toThrow(ExpiredError);
      });

      it("that is aborted rejects with the reason", async () => {
        const stop = new AbortController();
        const options = { namespace, resourceVersion: await now() };
        const read = async () => {
          for await (const event of client.watch(bottles, options, stop.signal)) expect(event).toBeDefined();
        };
        const reading = read();
        stop.abort(new Error("that is enough"));
        await expect(reading).rejects.toThrow("that is enough");
        await expect(client.get(bottles, ref("x"), stop.signal)).rejects.toThrow("that is enough");
      });
    });
  });
}
