import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bottles } from "../../crds/resources.ts";
import { type ApiServerKit, eventually, startApiServer } from "./api-server-kit.ts";

const BOTTLES = "/apis/bot-bottle.dev/v1alpha1/namespaces/default/bottles";

let kit: ApiServerKit;
let count = 0;
beforeAll(async () => {
  kit = await startApiServer();
});
afterAll(() => kit.close());

interface Line {
  readonly type: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly object: any;
}

interface Watching {
  readonly lines: () => Line[];
  readonly response: IncomingMessage;
  /** how the stream ended; undefined while it goes on */
  readonly ended: () => "whole" | "broken" | undefined;
  stop(): void;
}

function watch(query: string, accept = "application/json", from = kit): Promise<Watching> {
  const path = `${BOTTLES}?watch=true&${query}`;
  const headers = { authorization: `Bearer ${from.api.token}`, accept };
  return new Promise((resolve, reject) => {
    const request = get({
      host: "127.0.0.1",
      port: from.port,
      path,
      headers,
      ca: from.api.caPem,
      agent: false,
    });
    request.on("error", reject);
    request.on("response", (response) => {
      const lines: Line[] = [];
      let ended: "whole" | "broken" | undefined;
      let rest = "";
      response.on("data", (chunk: Buffer) => {
        const parts = (rest + chunk.toString()).split("\n");
        rest = parts.pop() ?? "";
        lines.push(...parts.map((line) => JSON.parse(line) as Line));
      });
      response.on("end", () => (ended = "whole"));
      response.on("error", () => (ended = "broken"));
      resolve({ lines: () => lines, response, ended: () => ended, stop: () => request.destroy() });
    });
  });
}

function make(labels: Record<string, string> = {}): string {
  const name = `bottle-${(count += 1)}`;
  const metadata = { name, namespace: "default", labels };
  kit.store.create(bottles, { apiVersion: "bot-bottle.dev/v1alpha1", kind: "Bottle", metadata, spec: {} });
  return name;
}

function relabel(name: string, labels: Record<string, string>, from = kit): void {
  const found = from.store.get(bottles, { namespace: "default", name });
  if (found === undefined) throw new Error(`no ${name}`);
  from.store.update(bottles, { ...found, metadata: { ...found.metadata, labels } });
}

const types = (watching: Watching): string[] => watching.lines().map(({ type }) => type);

describe("a watch", () => {
  it("goes on from the version of a list without a gap", async () => {
    const { json } = await kit.fetch(BOTTLES);
    const missed = make();
    const watching = await watch(`resourceVersion=${json.metadata.resourceVersion}`);
    const live = make();
    await eventually(() => watching.lines().length === 2);
    expect(watching.lines().map(({ object }) => object.metadata.name)).toEqual([missed, live]);
    watching.stop();
  });

  it("begins with what is there when it has no version, or zero", async () => {
    const name = make();
    for (const query of ["", "resourceVersion=0"]) {
      const watching = await watch(`${query}&fieldSelector=metadata.name%3D${name}`);
      await eventually(() => watching.lines().length === 1);
      expect(watching.lines()[0]).toMatchObject({ type: "ADDED", object: { metadata: { name } } });
      watching.stop();
    }
  });

  it("streams a list and marks its end for clients that ask for it", async () => {
    const name = make();
    const query = `sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=metadata.name%3D${name}`;
    const watching = await watch(query);
    await eventually(() => watching.lines().length === 2);
    expect(types(watching)).toEqual(["ADDED", "BOOKMARK"]);
    expect(watching.lines()[1]?.object).toMatchObject({
      kind: "Bottle",
      metadata: { annotations: { "k8s.io/initial-events-end": "true" } },
    });
    relabel(name, { a: "b" });
    await eventually(() => watching.lines().length === 3);
    expect(types(watching)[2]).toBe("MODIFIED");
    watching.stop();
    expect((await kit.fetch(`${BOTTLES}?watch=true&sendInitialEvents=true`)).json).toMatchObject({
      code: 422,
    });
  });

  it("ends after timeoutSeconds with a bookmark to go on from", async () => {
    const watching = await watch(
      "timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=0&labelSelector=no",
    );
    const name = make();
    await eventually(() => watching.ended() === "whole");
    expect(types(watching)).toEqual(["BOOKMARK"]);
    const { resourceVersion } = watching.lines()[0]?.object.metadata ?? {};
    const next = await watch(`resourceVersion=${resourceVersion}`);
    relabel(name, { later: "yes" });
    await eventually(() => next.lines().length === 1);
    expect(types(next)).toEqual(["MODIFIED"]);
    next.stop();
  });

  it("sends no bookmarks to who did not ask", async () => {
    const watching = await watch("timeoutSeconds=1&resourceVersion=0&labelSelector=no");
    await eventually(() => watching.ended() === "whole");
    expect(watching.lines()).toEqual([]);
  });

  it("tells with 410 that a version is too old", async () => {
    const watching = await watch("resourceVersion=1");
    await eventually(() => watching.ended() === "whole");
    expect(watching.lines()).toMatchObject([
      { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } },
    ]);
  });

  it("reports what leaves a selection as deleted and what joins as added", async () => {
    const name = make({ in: "yes" });
    const { json } = await kit.fetch(BOTTLES);
    const watching = await watch(`resourceVersion=${json.metadata.resourceVersion}&labelSelector=in%3Dyes`);
    relabel(name, { in: "no" });
    relabel(name, { in: "still-no" });
    relabel(name, { in: "yes" });
    await eventually(() => watching.lines().length === 2);
    expect(types(watching)).toEqual(["DELETED", "ADDED"]);
    watching.stop();
  });

  it("sends tables with columns in the first only", async () => {
    const name = make();
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const watching = await watch(`fieldSelector=metadata.name%3D${name}`, accept);
    await eventually(() => watching.lines().length === 1);
    relabel(name, { a: "b" });
    await eventually(() => watching.lines().length === 2);
    const [first, second] = watching.lines().map(({ object }) => object);
    expect(first).toMatchObject({
      kind: "Table",
      columnDefinitions: [{ name: "Name" }, {}, {}, {}, {}, {}, {}, {}, {}],
    });
    expect(second).toMatchObject({ kind: "Table", columnDefinitions: null });
    expect(second.rows[0].cells[0]).toBe(name);
    expect(second.rows[0].cells).toHaveLength(first.columnDefinitions.length);
    watching.stop();
  });

  it("watches one object by its path, and pods", async () => {
    const name = make();
    const watching = await watch("");
    const pods = await kit.fetch(`/api/v1/namespaces/default/pods/${name}`);
    expect(pods.json).toMatchObject({ kind: "Pod", metadata: { name } });
    watching.stop();
  });

  it("is given up by the server when its client has gone", async () => {
    const watching = await watch("resourceVersion=0");
    watching.stop();
    const start = Date.now();
    const other = await startApiServer();
    const left = await watch("resourceVersion=0", undefined, other);
    left.stop();
    await other.close();
    expect(Date.now() - start).toBeLessThan(5_000);
  });
});

describe("a slow watcher", () => {
  it("holds nobody up and still gets every change", async () => {
    const name = make();
    const slow = await watch(`resourceVersion=0&fieldSelector=metadata.name%3D${name}`);
    slow.response.pause();
    const text = "x".repeat(100_000);
    const start = Date.now();
    for (let round = 1; round <= 200; round += 1) {
      const found = kit.store.get(bottles, { namespace: "default", name });
      if (found === undefined) throw new Error("gone");
      const annotations = { round: String(round), text };
      kit.store.update(bottles, { ...found, metadata: { ...found.metadata, annotations } });
    }
    expect((await kit.fetch(`${BOTTLES}/${name}`)).json.metadata.annotations.round).toBe("200");
    expect(Date.now() - start).toBeLessThan(10_000);
    slow.response.resume();
    await eventually(() => slow.lines().length === 201);
    expect(slow.lines().at(-1)?.object.metadata.annotations.round).toBe("200");
    slow.stop();
  });
});

describe("closing the server", () => {
  it("ends watches and logs whole and at once", async () => {
    const other = await startApiServer();
    const watching = await Promise.all([
      watch("resourceVersion=0", undefined, other),
      watch("", undefined, other),
    ]);
    const start = Date.now();
    await other.close();
    expect(Date.now() - start).toBeLessThan(1_500);
    await eventually(() => watching.every((each) => each.ended() !== undefined));
    expect(watching.map((each) => each.ended())).toEqual(["whole", "whole"]);
  });
});
