import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { secrets } from "../../crds/core.ts";
import type { ApiObject } from "../../crds/metadata.ts";
import type { Draft } from "../../reconcilers/contract/resource-client.ts";
import { systemClock } from "../engine/index.ts";
import { openSqliteStore, type ResourceStore } from "../store/index.ts";
import { secretResource, type SecretSink } from "./secret-resource.ts";

const VALUE = Buffer.from("correct-horse").toString("base64");
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const ref = { namespace: "default", name: "s" };
const write = { dryRun: false };

const aSecret = (more: object = {}): Draft<ApiObject> =>
  ({ apiVersion: "v1", kind: "Secret", metadata: ref, data: { key: VALUE }, ...more }) as Draft<ApiObject>;

/** A vault that writes down what it is told. */
function createNotes(): SecretSink & { readonly notes: string[] } {
  const notes: string[] = [];
  return {
    notes,
    hold: (_, { keys, values }) => void notes.push(`hold ${keys.join()} ${[...values.keys()].join()}`),
    forget: () => void notes.push("forget"),
  };
}

const stores: ResourceStore[] = [];
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
});

function aStore(): ResourceStore {
  const directory = mkdtempSync(join(tmpdir(), "bb-secret-"));
  const store = openSqliteStore({ directory, clock: systemClock });
  stores.push(store);
  rmSync(directory, { recursive: true });
  return store;
}

describe("secretResource", () => {
  it("stores no field that a Secret does not have, and tells the vault of the keys", () => {
    const [store, vault] = [aStore(), createNotes()];
    secretResource(store, vault).writer?.create(
      aSecret({ stringdata: { other: VALUE }, value: VALUE }),
      write,
    );
    expect(JSON.stringify(store.get(secrets, ref))).not.toContain(VALUE);
    expect(store.get(secrets, ref)).toMatchObject({ data: { key: "" }, type: "Opaque" });
    expect(vault.notes).toEqual(["hold key key"]);
  });

  it("blanks what it reads, whoever stored it", () => {
    const { metadata, ...rest } = aSecret();
    const stored = {
      ...rest,
      metadata: {
        ...metadata,
        uid: "u",
        resourceVersion: "1",
        creationTimestamp: "",
        annotations: { [LAST_APPLIED]: VALUE, note: "n" },
      },
      stringData: { more: VALUE },
    } as ApiObject;
    const careless = {
      get: () => stored,
      list: () => ({ items: [stored], resourceVersion: "1" }),
    } as unknown as ResourceStore;
    const { reader } = secretResource(careless, createNotes());
    const shown = JSON.stringify([reader.get(ref), reader.list({}).items]);
    expect(shown).not.toContain(VALUE);
    expect(shown).toContain('"data":{"key":""}');
    expect(shown).toContain('"note":"n"');
  });

  it("tells the vault nothing in a dry run, nor of a write that failed", () => {
    const [store, vault] = [aStore(), createNotes()];
    const { writer } = secretResource(store, vault);
    writer?.create(aSecret(), { dryRun: true });
    expect(() => writer?.update(aSecret(), write)).toThrow(/not found/);
    expect(() => writer?.create(aSecret({ metadata: { ...ref, namespace: "nowhere" } }), write)).toThrow(
      /nowhere/,
    );
    expect(vault.notes).toEqual([]);
  });

  it("forgets a Secret when it is gone, not while a finalizer holds it", () => {
    const [store, vault] = [aStore(), createNotes()];
    const { writer } = secretResource(store, vault);
    const made = writer?.create(aSecret({ metadata: { ...ref, finalizers: ["a.b/c"] } }), write);
    writer?.delete(ref, {}, write);
    expect(vault.notes).not.toContain("forget");
    const held = store.get(secrets, ref);
    expect(held?.metadata.deletionTimestamp).toBeDefined();
    expect(held?.metadata.uid).toBe(made?.metadata.uid);
    writer?.update({ ...held, metadata: { ...held?.metadata, finalizers: [] } } as Draft<ApiObject>, write);
    expect(store.get(secrets, ref)).toBeUndefined();
    expect(vault.notes.at(-1)).toBe("forget");
  });
});
