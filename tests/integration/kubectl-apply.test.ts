import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
    writeFileSync(join(folder, "2.json"), JSON.stringify({ ...classObject("in-folder") }));
    expect((await ok("apply", "-f", folder)).split("\n").filter(Boolean)).toHaveLength(3);
    expect(await ok("get", "btlc", "in-folder", "-o", "name")).toContain("in-folder");
  });

  it.each([
    ["a kind that is not served", "apps/v1", "Deployment"],
    ["a version that is not served", "bot-bottle.dev/v1", "Bottle"],
  ])("says of %s that there is none, as with a real API server", async (_what, apiVersion, kind) => {
    const object = { apiVersion, kind, metadata: { name: "x" }, spec: {} };
    const { code, stderr } = await kit.kubectl(["apply", "-f", "-"], { stdin: JSON.stringify(object) });
    expect(code).toBe(1);
    expect(stderr).toContain(`no matches for kind "${kind}" in version "${apiVersion}"`);
  });

  it("refuses an unknown field with the one that was meant, whatever the client asks", async () => {
    const wrong = bottleYaml("misspelt", "{dysplay: {label: x}}");
    const message = /unknown field "spec.dysplay".*did you mean "display"/;
    expect(await refused(["apply", "-f", "-"], wrong)).toMatch(message);
    expect(await refused(["apply", "--validate=warn", "-f", "-"], wrong)).toMatch(message);
    const body = { ...classObject("misspelt"), kind: "Bottle", spec: { dysplay: {} } };
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
