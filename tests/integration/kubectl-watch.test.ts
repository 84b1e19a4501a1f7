import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bottles } from "../../crds/resources.ts";
import { type ApiServerKit, eventually, startApiServer } from "./api-server-kit.ts";

let kit: ApiServerKit;
beforeAll(async () => {
  kit = await startApiServer();
});
afterAll(() => kit.close());

const ready = { type: "Ready", status: "True", reason: "AllReady", message: "all parts are ready" } as const;

async function make(name: string, metadata = ""): Promise<void> {
  const stdin = `apiVersion: bot-bottle.dev/v1alpha1\nkind: Bottle\nmetadata: {name: ${name}${metadata}}\nspec: {}\n`;
  const { code, stderr } = await kit.kubectl(["create", "-f", "-"], { stdin });
  expect(code, stderr).toBe(0);
}

const exitOf = (child: ReturnType<ApiServerKit["startKubectl"]>): Promise<number | null> =>
  new Promise((resolve) => child.on("close", resolve));

describe("kubectl get --watch", () => {
  it("prints each change of the table, and nothing of other objects", async () => {
    await make("watched");
    const child = kit.startKubectl(["get", "bottle", "watched", "-w"]);
    await eventually(() => child.output().includes("watched"), child.output);
    await make("not-watched");
    kit.setCondition("watched", ready);
    await eventually(() => child.output().includes("AllReady"), child.output);
    kit.store.delete(bottles, { namespace: "default", name: "watched" }, {});
    await eventually(() => child.output().trim().split("\n").length === 4, child.output);
    child.kill();
    await exitOf(child);
    expect(child.output()).not.toContain("not-watched");
    expect(child.output().match(/NAME/g)).toHaveLength(1);
  });

  it("watches a label, as yaml, and pods", async () => {
    await make("by-label", ", labels: {seen: yes-it-is}");
    const labels = kit.startKubectl(["get", "btl", "-l", "seen", "-w", "-o", "name"]);
    const pods = kit.startKubectl(["get", "pods", "-w", "--output-watch-events"]);
    await eventually(
      () => labels.output().includes("by-label") && pods.output().includes("by-label"),
      pods.output,
    );
    await make("joins", ", labels: {seen: too}");
    await make("does-not");
    await eventually(() => labels.output().includes("joins"), labels.output);
    await eventually(() => /ADDED +does-not/.test(pods.output()), pods.output);
    labels.kill();
    pods.kill();
    await Promise.all([exitOf(labels), exitOf(pods)]);
    expect(labels.output()).not.toContain("does-not");
  });
});

describe("kubectl wait", () => {
  it("returns when the condition becomes true", async () => {
    await make("awaited");
    const child = kit.startKubectl(["wait", "--for=condition=Ready", "bottle/awaited", "--timeout=20s"]);
    const exit = exitOf(child);
    await eventually(() => kit.logged.length >= 0);
    kit.setCondition("awaited", { ...ready, status: "False", reason: "ImageBuilding" });
    kit.setCondition("awaited", ready);
    expect(await exit, child.output()).toBe(0);
    expect(child.output()).toBe("bottle.bot-bottle.dev/awaited condition met\n");
  });

  it("waits for a jsonpath and for a pod", async () => {
    await make("by-path");
    const path = kit.startKubectl([
      "wait",
      "--for=jsonpath={.status.provider}=claude",
      "btl/by-path",
      "--timeout=20s",
    ]);
    const pod = kit.startKubectl(["wait", "--for=condition=Ready", "pod/by-path", "--timeout=20s"]);
    const exits = Promise.all([exitOf(path), exitOf(pod)]);
    const found = kit.store.get(bottles, { namespace: "default", name: "by-path" });
    if (found === undefined) throw new Error("not made");
    kit.store.updateStatus(bottles, { ...found, status: { provider: "claude" } });
    kit.setCondition("by-path", ready);
    expect(await exits).toEqual([0, 0]);
  });

  it("gives up at its timeout", async () => {
    await make("never");
    const { code, stderr } = await kit.kubectl([
      "wait",
      "--for=condition=Ready",
      "bottle/never",
      "--timeout=1s",
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("timed out waiting for the condition on bottles/never");
  });

  it("returns when the object is gone", async () => {
    await make("leaving");
    const child = kit.startKubectl(["wait", "--for=delete", "bottle/leaving", "--timeout=20s"]);
    const exit = exitOf(child);
    kit.store.delete(bottles, { namespace: "default", name: "leaving" }, {});
    expect(await exit, child.output()).toBe(0);
  });
});

describe("kubectl delete", () => {
  const finalizers = ", finalizers: [bot-bottle.dev/test]";
  const release = (name: string): void => {
    const held = kit.store.get(bottles, { namespace: "default", name });
    if (held === undefined) throw new Error(`${name} is gone already`);
    kit.store.update(bottles, { ...held, metadata: { ...held.metadata, finalizers: [] } });
  };

  it("waits until the last finalizer is gone", async () => {
    await make("held", finalizers);
    const child = kit.startKubectl(["delete", "bottle", "held"]);
    const exit = exitOf(child);
    const marked = (): string | undefined =>
      kit.store.get(bottles, { namespace: "default", name: "held" })?.metadata.deletionTimestamp;
    await eventually(() => marked() !== undefined, child.output);
    expect(kit.store.get(bottles, { namespace: "default", name: "held" })?.metadata.generation).toBe(2);
    expect(child.exitCode).toBeNull();
    release("held");
    expect(await exit, child.output()).toBe(0);
    expect(kit.store.get(bottles, { namespace: "default", name: "held" })).toBeUndefined();
  });

  it("returns at once without waiting, and reports the object as it is", async () => {
    await make("held-2", finalizers);
    const { code, stderr } = await kit.kubectl(["delete", "bottle", "held-2", "--wait=false"]);
    expect(code, stderr).toBe(0);
    const shown = await kit.kubectl([
      "get",
      "bottle",
      "held-2",
      "-o",
      "jsonpath={.metadata.deletionTimestamp}",
    ]);
    expect(shown.stdout).toMatch(/^\d{4}-\d\d-\d\dT/);
    release("held-2");
  });

  it("deletes by label, by file, all of a kind, and ignores what is not there when told so", async () => {
    await make("by-label-1", ", labels: {kill: me}");
    await make("by-label-2", ", labels: {kill: me}");
    const byLabel = await kit.kubectl(["delete", "bottle", "-l", "kill=me"]);
    expect(byLabel.stdout.trim().split("\n")).toHaveLength(2);
    expect((await kit.kubectl(["delete", "bottle", "by-label-1"])).stderr).toContain("NotFound");
    expect((await kit.kubectl(["delete", "bottle", "by-label-1", "--ignore-not-found"])).code).toBe(0);
    expect((await kit.kubectl(["delete", "bottles", "--all"])).code).toBe(0);
    expect(kit.store.list(bottles, {}).items).toEqual([]);
  });

  it("deletes nothing in a dry run", async () => {
    await make("stays");
    const { stdout } = await kit.kubectl(["delete", "bottle", "stays", "--dry-run=server"]);
    expect(stdout).toContain("deleted (server dry run)");
    expect(kit.store.get(bottles, { namespace: "default", name: "stays" })).toBeDefined();
  });

  it("takes a namespace with all that is in it, and never the default one", async () => {
    await kit.kubectl(["create", "namespace", "short"]);
    const stdin = `apiVersion: bot-bottle.dev/v1alpha1\nkind: Bottle\nmetadata: {name: inside, namespace: short}\nspec: {}\n`;
    expect((await kit.kubectl(["create", "-f", "-"], { stdin })).code).toBe(0);
    expect((await kit.kubectl(["delete", "namespace", "short"])).code).toBe(0);
    expect(kit.store.get(bottles, { namespace: "short", name: "inside" })).toBeUndefined();
    expect((await kit.kubectl(["delete", "namespace", "default"])).stderr).toContain("may not be deleted");
  });
});
