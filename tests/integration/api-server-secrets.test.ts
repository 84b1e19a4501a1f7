import { get } from "node:https";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { secrets } from "../../crds/core.ts";
import { type ApiServerKit, type Asked, eventually, type Reply, startApiServer } from "./api-server-kit.ts";
import { base64, expectNoValueIn, OTHER, VALUE } from "./api-server-secret-values.ts";

const SECRETS = "/api/v1/namespaces/default/secrets";
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

let kit: ApiServerKit;
/** every byte that a client got */
let seen = "";
let count = 0;
let name = "";

beforeAll(async () => {
  kit = await startApiServer();
});
afterAll(() => kit.close());
beforeEach(() => {
  name = `secret-${(count += 1)}`;
  seen = "";
});

async function ask(path: string, asked: Asked = {}): Promise<Reply> {
  const reply = await kit.fetch(path, asked);
  seen += JSON.stringify(reply.headers) + reply.text;
  return reply;
}

const create = (data: object = { key: base64(VALUE) }, more: object = {}): Promise<Reply> =>
  ask(SECRETS, { method: "POST", body: { metadata: { name }, data, ...more } });

const patch = (body: unknown, type = "merge-patch"): Promise<Reply> =>
  ask(`${SECRETS}/${name}`, {
    method: "PATCH",
    body,
    headers: { "content-type": `application/${type}+json` },
  });

async function held(key = "key"): Promise<string | undefined> {
  const found = await kit.vault.value({ namespace: "default", name }, key, AbortSignal.timeout(5_000));
  return found?.value;
}

const expectNoValue = (): void => expectNoValueIn(kit, seen);

describe("the value of a Secret", () => {
  it("goes to the vault by create and is in no answer", async () => {
    const reply = await create({ key: base64(VALUE) }, { stringData: { more: OTHER } });
    expect(reply.json).toMatchObject({ kind: "Secret", type: "Opaque", data: { key: "", more: "" } });
    expect(reply.json.stringData).toBeUndefined();
    expect([await held(), await held("more")]).toEqual([VALUE, OTHER]);
    expectNoValue();
  });

  it("is in no read, in whatever form", async () => {
    await create();
    for (const accept of [
      "application/json",
      "application/yaml",
      "application/json;as=Table;v=v1;g=meta.k8s.io",
      "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
    ]) {
      for (const path of [
        `${SECRETS}/${name}`,
        SECRETS,
        `${SECRETS}?includeObject=Object`,
        "/api/v1/secrets",
      ]) {
        expect((await ask(path, { headers: { accept } })).code).toBe(200);
      }
    }
    expectNoValue();
  });

  it("stays when a write has it empty, and goes with its key", async () => {
    await create({ key: base64(VALUE), second: base64(OTHER) });
    const read = (await ask(`${SECRETS}/${name}`)).json;
    await ask(`${SECRETS}/${name}`, {
      method: "PUT",
      body: { ...read, metadata: { ...read.metadata, labels: { a: "b" } } },
    });
    expect([await held(), await held("second")]).toEqual([VALUE, OTHER]);
    await patch({ data: { second: null } });
    expect([await held(), await held("second")]).toEqual([VALUE, undefined]);
    await patch({ stringData: { key: "" }, metadata: { annotations: { note: "x" } } });
    expect(await held()).toBe(VALUE);
    await patch({ data: { key: base64(OTHER) } });
    expect(await held()).toBe(OTHER);
    expectNoValue();
  });

  it("wakes watchers when only the value changed, without showing it", async () => {
    await create();
    const before = kit.store.get(secrets, { namespace: "default", name })?.metadata.resourceVersion;
    await patch({ data: { key: base64(OTHER) } });
    expect(kit.store.get(secrets, { namespace: "default", name })?.metadata.resourceVersion).not.toBe(before);
    expectNoValue();
  });

  it("does not tell by its version whether a guess was right", async () => {
    await create();
    const versionAfter = async (value: string): Promise<string> =>
      (await patch({ data: { key: base64(value) } })).json.metadata.resourceVersion as string;
    const versions = [await versionAfter(VALUE), await versionAfter(VALUE), await versionAfter(OTHER)];
    expect(new Set(versions).size).toBe(3);
  });

  it("is forgotten with its Secret, and not inherited by a new one", async () => {
    await create();
    await ask(`${SECRETS}/${name}`, { method: "DELETE" });
    await create({ key: "" });
    expect(await held()).toBeUndefined();
  });

  it("is in no event of a watch", async () => {
    const lines = await watched("", async () => {
      await create();
      await patch({ data: { key: base64(OTHER) } });
      await ask(`${SECRETS}/${name}`, { method: "DELETE" });
    });
    const tables = await watched("application/json;as=Table;v=v1;g=meta.k8s.io", async () => {
      await create();
      await ask(`${SECRETS}/${name}`, { method: "DELETE" });
    });
    expect(lines).toContain('"type":"DELETED"');
    expect(tables).toContain('"kind":"Table"');
    seen += lines + tables;
    expectNoValue();
  });

  it("is not taken or told by a dry run", async () => {
    const reply = await ask(`${SECRETS}?dryRun=All`, {
      method: "POST",
      body: { metadata: { name }, stringData: { key: VALUE } },
    });
    expect(reply.json).toMatchObject({ data: { key: "" } });
    expect((await ask(`${SECRETS}/${name}`)).code).toBe(404);
    await create();
    await ask(`${SECRETS}/${name}?dryRun=All`, {
      method: "PATCH",
      body: { data: { key: base64(OTHER) } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    await ask(`${SECRETS}/${name}?dryRun=All`, { method: "DELETE" });
    expect(await held()).toBe(VALUE);
    expectNoValue();
  });

  it("is not kept in kubectl's annotation", async () => {
    const annotations = { [LAST_APPLIED]: JSON.stringify({ stringData: { key: VALUE } }), note: "kept" };
    const reply = await ask(SECRETS, {
      method: "POST",
      body: { metadata: { name, annotations }, stringData: { key: VALUE } },
    });
    expect(reply.json.metadata.annotations).toMatchObject({ note: "kept" });
    await patch({ metadata: { annotations: { [LAST_APPLIED]: VALUE } } });
    const { json } = await patch(
      { metadata: { annotations: { [LAST_APPLIED]: VALUE } } },
      "strategic-merge-patch",
    );
    expect(json.metadata.annotations[LAST_APPLIED]).toBeUndefined();
    expectNoValue();
  });

  it("cannot be tested or copied by a JSON patch", async () => {
    await create();
    const before = (await ask(`${SECRETS}/${name}`)).text;
    for (const operation of [
      { op: "test", path: "/data/key", value: base64(VALUE) },
      { op: "copy", from: "/data/key", path: "/metadata/annotations/leak" },
      { op: "move", from: "/data/key", path: "/metadata/labels/leak" },
      { op: "add", path: "/data/other", value: base64(OTHER) },
    ]) {
      const reply = await patch([operation], "json-patch");
      expect(reply.json).toMatchObject({ kind: "Status", code: 415, reason: "UnsupportedMediaType" });
    }
    expect((await ask(`${SECRETS}/${name}`)).text).toBe(before);
    expect(await held()).toBe(VALUE);
    expectNoValue();
  });

  it.each<[string, object]>([
    ["a value that is not base64", { data: { key: `${VALUE}!` } }],
    ["a number", { data: { key: 12345 } }],
    ["a nested value", { data: { key: { inner: VALUE } } }],
    ["text for data", { data: VALUE }],
    ["a key that is none", { data: { [`${VALUE}/x`]: base64(OTHER) } }],
    ["too much", { stringData: { key: VALUE.repeat(40_000) } }],
    ["a wrong name", { metadata: { name: "Not_A_Name" }, stringData: { key: VALUE } }],
    ["a wrong label", { metadata: { name: "labelled", labels: { a: "b c" } }, stringData: { key: VALUE } }],
    ["another kind", { kind: "Bottle", stringData: { key: VALUE } }],
  ])("is not quoted when %s is refused", async (_, body) => {
    const reply = await ask(SECRETS, { method: "POST", body: { metadata: { name }, ...body } });
    expect(reply.code, reply.text).toBeGreaterThanOrEqual(400);
    expect(reply.json).toMatchObject({ kind: "Status" });
    expectNoValue();
  });

  it("does not reach the disk in a misspelt field", async () => {
    for (const query of ["", "?fieldValidation=Strict", "?fieldValidation=Ignore"]) {
      const body = { metadata: { name: `${name}${count++}` }, stringdata: { key: VALUE }, value: OTHER };
      await ask(`${SECRETS}${query}`, { method: "POST", body });
    }
    await create();
    await patch({ stringdata: { key: VALUE }, metadata: { managedFields: [{ manager: VALUE }] } });
    await patch({ secretValue: OTHER }, "strategic-merge-patch");
    expectNoValue();
  });

  it("cannot be changed once it is immutable, nor its type", async () => {
    await create({ key: base64(VALUE) }, { immutable: true });
    expect((await patch({ data: { key: base64(OTHER) } })).json).toMatchObject({
      code: 422,
      reason: "Invalid",
    });
    expect((await patch({ data: { key: null } })).code).toBe(422);
    expect((await patch({ immutable: false })).code).toBe(422);
    expect((await patch({ type: "other" })).code).toBe(422);
    expect((await patch({ metadata: { labels: { a: "b" } } })).code).toBe(200);
    expect(await held()).toBe(VALUE);
    expectNoValue();
  });
});

/** The lines of a watch on Secrets while `act` runs. */
async function watched(accept: string, act: () => Promise<void>): Promise<string> {
  const headers = { authorization: `Bearer ${kit.api.token}`, accept: accept || "application/json" };
  let text = "";
  const request = get({
    host: "127.0.0.1",
    port: kit.port,
    path: `${SECRETS}?watch=true`,
    headers,
    ca: kit.api.caPem,
    agent: false,
  });
  request.on("response", (response) => response.on("data", (chunk: Buffer) => (text += chunk.toString())));
  request.on("error", () => undefined);
  await new Promise((resolve) => request.on("response", resolve));
  await act();
  await eventually(
    () => text.includes("DELETED") && text.includes(name),
    () => text,
  );
  request.destroy();
  return text;
}
