import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bottles } from "../../crds/resources.ts";
import { type ApiServerKit, startApiServer } from "./api-server-kit.ts";

let kit: ApiServerKit;
beforeAll(async () => {
  kit = await startApiServer();
});
afterAll(() => kit.close());

const bottleYaml = (name: string, spec = "{}", metadata = ""): string =>
  `apiVersion: bot-bottle.dev/v1alpha1\nkind: Bottle\nmetadata: {name: ${name}${metadata}}\nspec: ${spec}\n`;

async function apply(yaml: string): Promise<string> {
  const { code, stdout, stderr } = await kit.kubectl(["apply", "-f", "-"], { stdin: yaml });
  expect(`${stderr}${code}`).toBe("0");
  return stdout;
}

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await kit.kubectl(args);
  expect(code, stderr).toBe(0);
  return stdout;
}

async function refused(args: string[], stdin?: string): Promise<string> {
  const { code, stdout, stderr } = await kit.kubectl(args, stdin === undefined ? {} : { stdin });
  expect(code, stdout).not.toBe(0);
  return stderr;
}

const columns = (table: string): string[][] =>
  table
    .trim()
    .split("\n")
    .map((line) => line.split(/\s{2,}/));
const labelOf = (name: string): string | undefined =>
  kit.store.get(bottles, { namespace: "default", name })?.spec?.display?.label;

describe("kubectl, what is served", () => {
  it("lists the resources with short names and categories", async () => {
    const table = await ok("api-resources", "-o", "wide");
    expect(table).toMatch(/bottles +btl +bot-bottle.dev\/v1alpha1 +true +Bottle .* all,bot-bottle/);
    expect(table).toMatch(/bottleclasses +btlc +bot-bottle.dev\/v1alpha1 +false +BottleClass/);
    expect(table).toMatch(/pods +po +v1 +true +Pod +get,list,watch/);
    expect(await ok("api-versions")).toBe("bot-bottle.dev/v1alpha1\nv1\n");
  });

  it("answers discovery in its old form too", async () => {
    const groups = await kit.fetch("/apis", { headers: { accept: "application/json" } });
    expect(groups.json).toMatchObject({ kind: "APIGroupList", groups: [{ name: "bot-bottle.dev" }] });
    const list = await kit.fetch("/apis/bot-bottle.dev/v1alpha1");
    const names = (list.json.resources as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["bottles", "bottles/status", "bottleclasses", "agents"]));
    const core = await kit.fetch("/api/v1");
    expect((core.json.resources as { name: string }[]).map(({ name }) => name)).toContain("pods/exec");
  });

  it("answers aggregated discovery in the version that is asked for, with its media type", async () => {
    for (const version of ["v2", "v2beta1"]) {
      const accept = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
      const reply = await kit.fetch("/apis", { headers: { accept } });
      expect(reply.headers["content-type"]).toBe(accept);
      expect(reply.json).toMatchObject({
        kind: "APIGroupDiscoveryList",
        apiVersion: `apidiscovery.k8s.io/${version}`,
      });
    }
  });

  it("says a version that kubectl gets along with", async () => {
    const { code, stdout, stderr } = await kit.kubectl(["version"]);
    expect(`${code}${stderr}`).toBe("0");
    expect(stdout).toMatch(/Server Version: v1\.32\./);
  });

  it("explains every field from the schema", async () => {
    expect(await ok("explain", "bottle")).toMatch(/KIND: +Bottle[\s\S]*FIELDS:[\s\S]*spec/);
    expect(await ok("explain", "btl.spec.egress.routes.auth.scheme")).toMatch(
      /ENUM:\s+Bearer\s+token\s+Basic/,
    );
    expect(await ok("explain", "bottle", "--recursive")).toMatch(/maxBodyBytes/);
    expect(await ok("explain", "secret.data")).toMatch(/KIND: +Secret/);
    expect(await ok("explain", "pod.status")).toMatch(/KIND: +Pod/);
    expect(await refused(["explain", "bottle.spec.nothing"])).toContain('field "nothing" does not exist');
  });
});

describe("kubectl get", () => {
  beforeAll(async () => {
    await apply(
      bottleYaml(
        "got-b",
        '{display: {label: "to be seen"}, classRef: {name: none}}',
        ", labels: {team: blue}",
      ),
    );
    await apply(bottleYaml("got-a", "{}", ", labels: {team: red}"));
  });

  it("shows the printer columns, more of them when wide", async () => {
    kit.setCondition("got-a", {
      type: "Ready",
      status: "False",
      reason: "ImageBuilding",
      message: "building",
    });
    const [head, first] = columns(await ok("get", "bottles", "got-a"));
    expect(head).toEqual(["NAME", "READY", "REASON", "PROVIDER", "AGE"]);
    expect(first?.slice(0, 3)).toEqual(["got-a", "False", "ImageBuilding"]);
    expect(first?.at(-1)).toMatch(/^\d+s$/);
    const wide = await ok("get", "bottle", "got-b", "-o", "wide");
    expect(wide).toMatch(/LABEL +CLASS +AGENT +RUNTIME/);
    expect(wide).toContain("to be seen");
  });

  it("gives the object as yaml, json, name, jsonpath and custom columns", async () => {
    expect(await ok("get", "btl", "got-a", "-o", "yaml")).toMatch(
      /^apiVersion: bot-bottle.dev\/v1alpha1\nkind: Bottle\n/,
    );
    expect(JSON.parse(await ok("get", "btl", "got-a", "-o", "json"))).toMatchObject({
      metadata: { generation: 1 },
    });
    expect(await ok("get", "btl", "got-a", "-o", "name")).toBe("bottle.bot-bottle.dev/got-a\n");
    expect(await ok("get", "btl", "got-b", "-o", "jsonpath={.spec.display.label}")).toBe("to be seen");
    expect(await ok("get", "btl", "got-b", "-o", "custom-columns=L:.spec.display.label")).toBe(
      "L\nto be seen\n",
    );
  });

  it("selects by label and field, sorts, and shows labels", async () => {
    expect(await ok("get", "btl", "-l", "team=red", "-o", "name")).toBe("bottle.bot-bottle.dev/got-a\n");
    expect(await ok("get", "btl", "-l", "team in (red,blue)", "-o", "name")).toMatch(/got-a\n.*got-b\n$/);
    expect(await ok("get", "btl", "--field-selector", "metadata.name=got-b", "-o", "name")).toContain(
      "got-b",
    );
    const sorted = columns(await ok("get", "btl", "--sort-by={.metadata.labels.team}", "-l", "team"));
    expect(sorted.slice(1).map(([name]) => name)).toEqual(["got-b", "got-a"]);
    expect(await ok("get", "btl", "--show-labels")).toContain("team=blue");
    expect(await ok("get", "btl", "-L", "team")).toMatch(/AGE +TEAM/);
  });

  it("refuses a selector that cannot be parsed as a bad request", async () => {
    expect(
      (await kit.fetch("/apis/bot-bottle.dev/v1alpha1/bottles?labelSelector=a%3D%3D%3Db")).json,
    ).toMatchObject({
      kind: "Status",
      code: 400,
      reason: "BadRequest",
    });
    expect(await refused(["get", "btl", "--field-selector", "spec.x=1"])).toContain(
      "field label not supported: spec.x",
    );
  });

  it("sees all namespaces, and only one when it is named", async () => {
    await ok("create", "namespace", "elsewhere");
    const made = await kit.kubectl(["apply", "-n", "elsewhere", "-f", "-"], { stdin: bottleYaml("far") });
    expect(made.code, made.stderr).toBe(0);
    expect(await ok("get", "btl", "-A")).toMatch(/NAMESPACE +NAME[\s\S]*elsewhere +far/);
    expect(await ok("get", "btl", "-n", "elsewhere", "-o", "name")).toBe("bottle.bot-bottle.dev/far\n");
    expect(await ok("get", "btl", "-o", "name")).not.toContain("far");
  });

  it("finds nothing where there is nothing", async () => {
    expect(await refused(["get", "bottle", "nobody"])).toBe(
      'Error from server (NotFound): bottles.bot-bottle.dev "nobody" not found\n',
    );
    expect((await kit.kubectl(["get", "agents"])).stderr).toBe("No resources found in default namespace.\n");
    expect(await refused(["get", "deployments"])).toContain(
      `the server doesn't have a resource type "deployments"`,
    );
  });

  it("pages through a long list", async () => {
    const { stdout } = await kit.kubectl(["get", "btl", "-A", "--chunk-size=1", "-o", "name"]);
    expect(stdout.trim().split("\n").length).toBeGreaterThanOrEqual(3);
  });

  it("shows a bottle as a Pod and among all", async () => {
    expect(await ok("get", "pods", "got-a")).toMatch(/got-a +0\/3 +ImageBuilding +0 +\d+s/);
    kit.setCondition("got-a", {
      type: "AgentRunning",
      status: "True",
      reason: "Running",
      message: "it runs",
    });
    expect(await ok("get", "po", "got-a")).toMatch(/got-a +1\/3 +Running/);
    expect(await ok("get", "all", "-l", "team=red")).toMatch(/pod\/got-a[\s\S]*bottle.bot-bottle.dev\/got-a/);
    expect(await refused(["delete", "pod", "got-a"])).toContain("MethodNotAllowed");
  });
});

describe("kubectl apply", () => {
  it("creates, says when nothing changed, and updates", async () => {
    expect(await apply(bottleYaml("applied", "{display: {label: one}}"))).toContain("applied created");
    expect(await apply(bottleYaml("applied", "{display: {label: one}}"))).toContain("applied unchanged");
    expect(await apply(bottleYaml("applied", "{display: {label: two}}"))).toContain("applied configured");
    expect(labelOf("applied")).toBe("two");
    expect(kit.store.get(bottles, { namespace: "default", name: "applied" })?.metadata.generation).toBe(2);
  });

  it("removes what is no longer in the file", async () => {
    await apply(bottleYaml("pruned", "{display: {label: one, color: red}}"));
    await apply(bottleYaml("pruned", "{display: {color: red}}"));
    expect(labelOf("pruned")).toBeUndefined();
  });

  it("takes a folder of files and several documents", async () => {
    const folder = join(kit.folder, "many");
    mkdirSync(folder);
    writeFileSync(join(folder, "1.yaml"), `${bottleYaml("in-folder-1")}---\n${bottleYaml("in-folder-2")}`);
    writeFileSync(join(folder, "2.json"), JSON.stringify({ ...classJson("in-folder") }));
    expect((await ok("apply", "-f", folder)).split("\n").filter(Boolean)).toHaveLength(3);
    expect(await ok("get", "btlc", "in-folder", "-o", "name")).toContain("in-folder");
  });

  it("refuses an unknown field with the one that was meant, whatever the client asks", async () => {
    const wrong = bottleYaml("misspelt", "{dysplay: {label: x}}");
    const message = /unknown field "spec.dysplay".*did you mean "display"/;
    expect(await refused(["apply", "-f", "-"], wrong)).toMatch(message);
    expect(await refused(["apply", "--validate=warn", "-f", "-"], wrong)).toMatch(message);
    const body = { ...classJson("misspelt"), kind: "Bottle", spec: { dysplay: {} } };
    const reply = await kit.fetch("/apis/bot-bottle.dev/v1alpha1/namespaces/default/bottles", {
      method: "POST",
      body,
    });
    expect(reply.json).toMatchObject({ code: 400, reason: "BadRequest" });
    expect(reply.json.message).toMatch(/strict decoding error/);
    expect(labelOf("misspelt")).toBeUndefined();
  });

  it("drops an unknown field only when the client says so", async () => {
    const { code, stderr } = await kit.kubectl(["apply", "--validate=false", "-f", "-"], {
      stdin: bottleYaml("loose", "{dysplay: {label: x}, display: {label: kept}}"),
    });
    expect(code, stderr).toBe(0);
    expect(kit.store.get(bottles, { namespace: "default", name: "loose" })?.spec).toEqual({
      display: { label: "kept" },
    });
  });

  it("lists every wrong value with its field", async () => {
    const wrong = await refused(
      ["apply", "-f", "-"],
      bottleYaml("wrong", "{display: {color: pink}, provider: {name: 3}}"),
    );
    expect(wrong).toMatch(/The Bottle "wrong" is invalid/);
    expect(wrong).toMatch(/\* spec.display.color: must be one of black/);
    expect(wrong).toMatch(/\* spec.provider.name: must be a string/);
  });

  it("refuses names that are none, and namespaces that are not there", async () => {
    expect(await refused(["apply", "-f", "-"], bottleYaml("Not_A_Name"))).toContain("metadata.name");
    expect(await refused(["apply", "-n", "nowhere", "-f", "-"], bottleYaml("lost"))).toContain(
      'namespaces "nowhere" not found',
    );
  });

  it("stores nothing in a server-side dry run, and checks all the same", async () => {
    const { code, stdout } = await kit.kubectl(["apply", "--dry-run=server", "-f", "-"], {
      stdin: bottleYaml("dry"),
    });
    expect(`${code} ${stdout}`).toContain("0 bottle.bot-bottle.dev/dry created (server dry run)");
    expect(kit.store.get(bottles, { namespace: "default", name: "dry" })).toBeUndefined();
    const wrong = bottleYaml("dry", "{display: {color: pink}}");
    expect(await refused(["apply", "--dry-run=server", "-f", "-"], wrong)).toContain("spec.display.color");
  });

  it("says plainly that server-side apply is not spoken", async () => {
    expect(await refused(["apply", "--server-side", "-f", "-"], bottleYaml("ssa"))).toContain(
      "Server-side apply not available on the server",
    );
  });

  it("shows a diff and changes nothing", async () => {
    await apply(bottleYaml("differs", "{display: {label: before}}"));
    const { code, stdout } = await kit.kubectl(["diff", "-f", "-"], {
      stdin: bottleYaml("differs", "{display: {label: after}}"),
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/-\s+label: before\n\+\s+label: after/);
    expect(labelOf("differs")).toBe("before");
  });
});

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
      body: { ...classJson("replaced"), kind: "Bottle", spec: {} },
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
    ).toContain("the name of the object does not match");
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

function classJson(name: string): Record<string, unknown> {
  return { apiVersion: "bot-bottle.dev/v1alpha1", kind: "BottleClass", metadata: { name }, spec: {} };
}
