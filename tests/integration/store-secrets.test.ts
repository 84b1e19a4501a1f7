import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLogger, systemClock } from "../../controller/engine/index.ts";
import { createSecretVault, type SecretVault } from "../../controller/secrets/index.ts";
import type { ResourceClient } from "../../reconcilers/contract/resource-client.ts";
import { Agent, request } from "undici";
import { startEmbeddedApi } from "./engine-api.ts";

/** Credential-shaped, long enough for no accident, and one for each write. */
const value = (number: number) => `hunter2-${number}-value-that-must-be-nowhere`;
const SECRETS = "/api/v1/namespaces/default/secrets";
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const base64 = (text: string) => Buffer.from(text).toString("base64");

let api: Awaited<ReturnType<typeof startEmbeddedApi>>;
let vault: SecretVault;
const log: string[] = [];
const answers: string[] = [];
let written = 0;

beforeAll(async () => {
  const logger = createLogger({ level: "debug", destination: { write: (line) => void log.push(line) } });
  // the vault reads the Secrets through the API that writes to it
  const ready = Promise.withResolvers<ResourceClient>();
  const late = {
    get: async (...given: Parameters<ResourceClient["get"]>) => await (await ready.promise).get(...given),
  };
  vault = createSecretVault({ client: late as ResourceClient, feeds: () => [], clock: systemClock });
  api = await startEmbeddedApi({ vault, logger });
  ready.resolve(api.client);
});
afterAll(() => api.close());

async function call(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  sent?: object,
  contentType = "application/json",
) {
  const { statusCode, body } = await request(api.url + path, {
    method,
    headers: { authorization: `Bearer ${api.token}`, "content-type": contentType },
    body: sent === undefined ? null : JSON.stringify(sent),
    dispatcher: new Agent({ connect: { ca: api.caPem } }),
  });
  const answer = await body.text();
  answers.push(answer);
  return { code: statusCode, answer };
}

const aSecret = (fields: object, annotations: object = {}) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "claude", namespace: "default", annotations },
  ...fields,
});
const held = async (key: string) =>
  (await vault.value({ namespace: "default", name: "claude" }, key, AbortSignal.timeout(5_000)))?.value;

/** Every file of the state folder, the log, and all that was answered: nowhere any value, plain or in base64. */
function expectNoValueAnywhere(): void {
  const files = readdirSync(api.directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(api.directory, name))
    .filter((path) => statSync(path).isFile());
  expect(files.map((path) => path.slice(api.directory.length + 1))).toEqual(
    expect.arrayContaining(["store.db", "store.db-wal"]),
  );
  for (const needle of Array.from({ length: written + 1 }, (_, number) => [
    value(number),
    base64(value(number)),
  ]).flat()) {
    for (const path of files) expect(readFileSync(path).includes(needle), `${needle} in ${path}`).toBe(false);
    expect(log.join("").includes(needle), `${needle} in the log`).toBe(false);
    expect(answers.join("").includes(needle), `${needle} in an answer`).toBe(false);
  }
}

describe("the value of a Secret is in memory and nowhere else", () => {
  const next = () => value((written += 1));

  it("the search finds what is there", async () => {
    await call("POST", "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "find-me-in-the-log-of-changes" },
    });
    const wal = readFileSync(join(api.directory, "store.db-wal"));
    expect(wal.includes("find-me-in-the-log-of-changes")).toBe(true);
  });

  it.each<[string, () => Promise<{ code: number }>, string | undefined]>([
    ["create with data", () => call("POST", SECRETS, aSecret({ data: { key: base64(next()) } })), "last"],
    [
      "create again, refused",
      () => call("POST", SECRETS, aSecret({ data: { key: base64(next()) } })),
      undefined,
    ],
    ["replace", () => call("PUT", `${SECRETS}/claude`, aSecret({ data: { key: base64(next()) } })), "last"],
    [
      "replace with stringData",
      () => call("PUT", `${SECRETS}/claude`, aSecret({ stringData: { key: next() } })),
      "last",
    ],
    [
      "merge patch",
      () =>
        call("PATCH", `${SECRETS}/claude`, { stringData: { key: next() } }, "application/merge-patch+json"),
      "last",
    ],
    [
      "strategic merge patch",
      () =>
        call(
          "PATCH",
          `${SECRETS}/claude`,
          { data: { key: base64(next()) } },
          "application/strategic-merge-patch+json",
        ),
      "last",
    ],
    [
      "what kubectl apply remembers",
      () => {
        const data = { key: base64(next()) };
        const remembered = JSON.stringify(aSecret({ data }));
        return call("PUT", `${SECRETS}/claude`, aSecret({ data }, { [LAST_APPLIED]: remembered }));
      },
      "last",
    ],
    [
      "dry run",
      () => call("PUT", `${SECRETS}/claude?dryRun=All`, aSecret({ data: { key: base64(next()) } })),
      undefined,
    ],
    [
      "JSON patch, refused",
      () =>
        call(
          "PATCH",
          `${SECRETS}/claude`,
          [{ op: "test", path: "/data/key", value: base64(next()) }],
          "application/json-patch+json",
        ),
      undefined,
    ],
    [
      "a value that is no base64, refused",
      () => call("PUT", `${SECRETS}/claude`, aSecret({ data: { key: `${next()}!` } })),
      undefined,
    ],
    [
      "an unknown field with a value, refused",
      () => call("PUT", `${SECRETS}/claude?fieldValidation=Strict`, aSecret({ datum: { key: next() } })),
      undefined,
    ],
    [
      "JSON that is broken",
      () => call("PUT", `${SECRETS}/claude`, `{"data": ${next()}` as unknown as object),
      undefined,
    ],
  ])("after %s", async (_, write, takes) => {
    const before = await held("key");
    const { resourceVersion } = api.store;
    const { code } = await write();
    expect(code).toBeGreaterThanOrEqual(200);
    await call("GET", `${SECRETS}/claude`);
    await call("GET", `${SECRETS}?watch=1&timeoutSeconds=1&resourceVersion=${resourceVersion}`);
    await call("GET", SECRETS);
    expect(await held("key")).toBe(takes === "last" ? value(written) : before);
    expectNoValueAnywhere();
  });

  it("after a delete, which forgets it", async () => {
    await call("DELETE", `${SECRETS}/claude`);
    expect(await held("key")).toBeUndefined();
    await call("POST", SECRETS, aSecret({ data: { key: "" } }));
    expect(await held("key")).toBeUndefined();
    expectNoValueAnywhere();
  });
});
