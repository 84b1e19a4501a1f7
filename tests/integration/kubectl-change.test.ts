import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bottles } from "../../crds/resources.ts";
import { type ApiServerKit, startApiServer } from "./api-server-kit.ts";
import { bottleYaml, classObject, verbsOf } from "./kubectl-verbs.ts";

let kit: ApiServerKit;
beforeAll(async () => {
  kit = await startApiServer();
});
afterAll(() => kit.close());

const { ok, refused, apply, labelOf } = verbsOf(() => kit);

describe("kubectl create, replace, edit, label, annotate, patch", () => {
  it("creates once, and makes a name from generateName", async () => {
    const made = await kit.kubectl(["create", "-f", "-"], { stdin: bottleYaml("once") });
    expect(made.stdout).toBe("bottle.bot-bottle.dev/once created\n");
    expect(await refused(["create", "-f", "-"], bottleYaml("once"))).toContain(
      'Error from server (AlreadyExists): error when creating "STDIN": bottles.bot-bottle.dev "once" already exists',
    );
    const generated = await kit.kubectl(["create", "-f", "-", "-o", "name"], {
      stdin: bottleYaml("once").replace("{name: once}", "{generateName: many-}"),
    });
    expect(generated.stdout).toMatch(/^bottle.bot-bottle.dev\/many-[a-z0-9]{5}\n$/);
  });

  it("replaces, and refuses a stale version", async () => {
    await apply(bottleYaml("replaced", "{display: {label: one}}"));
    const stale = await ok("get", "btl", "replaced", "-o", "json");
    const replaced = await kit.kubectl(["replace", "-f", "-"], { stdin: stale.replace('"one"', '"two"') });
    expect(replaced.code, replaced.stderr).toBe(0);
    expect(labelOf("replaced")).toBe("two");
    expect(await refused(["replace", "-f", "-"], stale)).toMatch(/Conflict.*the object has been modified/);
    expect(await refused(["replace", "-f", "-"], bottleYaml("never-made"))).toContain("NotFound");
    const blind = await kit.fetch("/apis/bot-bottle.dev/v1alpha1/namespaces/default/bottles/replaced", {
      method: "PUT",
      body: { ...classObject("replaced"), kind: "Bottle", spec: {} },
    });
    expect(blind.json).toMatchObject({
      code: 422,
      details: { causes: [{ field: "metadata.resourceVersion" }] },
    });
  });

  it("edits in the editor", async () => {
    await apply(bottleYaml("edited", "{display: {label: before}}"));
    const { code, stderr } = await kit.kubectl(["edit", "bottle", "edited"], {
      env: { EDITOR: "sed -i s/before/after/" },
    });
    expect(code, stderr).toBe(0);
    expect(labelOf("edited")).toBe("after");
  });

  it("sets and removes labels and annotations", async () => {
    await apply(bottleYaml("labelled"));
    await ok("label", "bottle", "labelled", "team=green");
    expect(await ok("get", "btl", "-l", "team=green", "-o", "name")).toContain("labelled");
    expect(await refused(["label", "bottle", "labelled", "team=other"])).toContain("already has a value");
    await ok("label", "bottle", "labelled", "team-");
    await ok("annotate", "bottle", "labelled", "note=something to say");
    expect(
      await ok("get", "btl", "labelled", "-o", "jsonpath={.metadata.labels}{.metadata.annotations.note}"),
    ).toBe("something to say");
    await ok("label", "namespace", "default", "seen=yes");
    expect(await ok("get", "ns", "-l", "seen=yes", "-o", "name")).toBe("namespace/default\n");
  });

  it("patches by merge and by JSON patch, and the status apart from the spec", async () => {
    await apply(bottleYaml("patched", "{display: {label: one, color: red}}"));
    await ok(
      "patch",
      "bottle",
      "patched",
      "--type=merge",
      "-p",
      '{"spec":{"display":{"color":null,"label":"two"}}}',
    );
    expect(labelOf("patched")).toBe("two");
    const test = '[{"op":"test","path":"/spec/display/label","value":"two"},';
    await ok(
      "patch",
      "bottle",
      "patched",
      "--type=json",
      "-p",
      `${test}{"op":"replace","path":"/spec/display/label","value":"three"}]`,
    );
    expect(labelOf("patched")).toBe("three");
    expect(
      await refused([
        "patch",
        "bottle",
        "patched",
        "--type=json",
        "-p",
        `${test}{"op":"remove","path":"/spec"}]`,
      ]),
    ).toContain("operation 0 of the patch does not apply");
    const both = '{"spec":{"display":{"label":"no"}},"status":{"provider":"claude"}}';
    await ok("patch", "bottle", "patched", "--subresource=status", "--type=merge", "-p", both);
    await ok("patch", "bottle", "patched", "--type=merge", "-p", '{"status":{"provider":"other"}}');
    const found = kit.store.get(bottles, { namespace: "default", name: "patched" });
    expect(found).toMatchObject({ spec: { display: { label: "three" } }, status: { provider: "claude" } });
    expect(found?.metadata.generation).toBe(3);
  });

  it("takes strategic patches for Kubernetes's own kinds, not for custom resources", async () => {
    await ok("patch", "namespace", "default", "-p", '{"metadata":{"labels":{"patched":"yes"}}}');
    expect(await ok("get", "ns", "default", "--show-labels")).toContain("patched=yes");
    await apply(bottleYaml("strategic"));
    expect(await refused(["patch", "bottle", "strategic", "-p", "{}"])).toContain(
      "strategic-merge-patch+json is not supported",
    );
  });

  it("keeps the stored version in a dry run, so that a diff shows none", async () => {
    await apply(bottleYaml("versioned"));
    const version = "jsonpath={.metadata.resourceVersion}";
    const stored = await ok("get", "btl", "versioned", "-o", version);
    const patch = ["patch", "btl", "versioned", "--type=merge", "-p", '{"spec":{"display":{"label":"x"}}}'];
    expect(await ok(...patch, "--dry-run=server", "-o", version)).toBe(stored);
    const made = ["create", "--dry-run=server", "-o", version, "-f", "-"];
    expect((await kit.kubectl(made, { stdin: bottleYaml("unversioned") })).stdout).toBe("");
  });

  it("refuses a patch that would make the object invalid", async () => {
    await apply(bottleYaml("guarded"));
    expect(
      await refused([
        "patch",
        "bottle",
        "guarded",
        "--type=merge",
        "-p",
        '{"spec":{"operatingMode":"Sleeping"}}',
      ]),
    ).toContain("spec.operatingMode");
    expect(
      await refused(["patch", "bottle", "guarded", "--type=merge", "-p", '{"metadata":{"name":"other"}}']),
    ).toContain("the name of the object (other) does not match the name on the URL (guarded)");
  });
});

describe("kubectl describe and events", () => {
  it("shows an object with its Events", async () => {
    await apply(bottleYaml("told"));
    const { uid } = kit.store.get(bottles, { namespace: "default", name: "told" })?.metadata ?? {};
    const now = new Date().toISOString();
    const event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "told.1" },
      involvedObject: {
        apiVersion: "bot-bottle.dev/v1alpha1",
        kind: "Bottle",
        namespace: "default",
        name: "told",
        uid,
      },
      reason: "ImageBuilding",
      message: "building the image",
      type: "Normal",
      count: 3,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: "bottle" },
    };
    const posted = await kit.fetch("/api/v1/namespaces/default/events", { method: "POST", body: event });
    expect(posted.code, posted.text).toBe(201);
    expect(await ok("describe", "bottle", "told")).toMatch(
      /Name: +told[\s\S]*Normal +ImageBuilding .* bottle +building the image/,
    );
    expect(await ok("get", "events")).toMatch(
      /LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\S+ +Normal +ImageBuilding +bottle\/told +building/,
    );
    expect(await ok("events", "--for", "bottle/told")).toContain("building the image");
    expect(await ok("get", "events", "--field-selector", "involvedObject.name=nobody", "-o", "name")).toBe(
      "",
    );
    expect(await ok("describe", "pod", "told")).toContain("building the image");
  });
});
