import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServerKit, startApiServer } from "./api-server-kit.ts";
import { bottleYaml, verbsOf } from "./kubectl-verbs.ts";

let kit: ApiServerKit;
beforeAll(async () => {
  kit = await startApiServer();
});
afterAll(() => kit.close());

const { ok, refused, apply } = verbsOf(() => kit);

const columns = (table: string): string[][] =>
  table
    .trim()
    .split("\n")
    .map((line) => line.split(/\s{2,}/));

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
