import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resourceDefinitions, type ResourceDefinition } from "../../crds/resources.ts";
import { openApiSchemaOf } from "../../crds/generate/open-api.ts";
import { type Example, readExamples } from "../fixtures/examples.ts";
import { type Cluster, isWithoutCluster, openCluster } from "./cluster.ts";
import type { KubeAnswer } from "./kube-apiserver.ts";

describe.skipIf(isWithoutCluster("tests of the kinds on a real kube-apiserver"))(
  "the kinds on a real kube-apiserver",
  () => {
    let cluster: Cluster;

    const kubectl = (...argv: string[]) => cluster.kubectl(argv);

    const pathOf = ({ group, version, plural, namespaced }: ResourceDefinition) =>
      `/apis/${group}/${version}${namespaced ? "/namespaces/default" : ""}/${plural}`;

    const create = ({ definition, object }: Example, query: string): Promise<KubeAnswer> =>
      cluster.api.call("POST", `${pathOf(definition)}?${query}`, object);

    beforeAll(async () => {
      cluster = await openCluster();
    });

    afterAll(async () => {
      await cluster?.close();
    });

    it.each(resourceDefinitions)(
      "finds the schema of $kind structural and its names free",
      async (definition) => {
        const name = `${definition.plural}.${definition.group}`;
        const { body } = await cluster.api.call(
          "GET",
          `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`,
        );
        const conditions = body.status.conditions.map(
          ({ type, status }: Record<string, string>) => `${type}=${status}`,
        );
        expect(conditions).toEqual(expect.arrayContaining(["NamesAccepted=True", "Established=True"]));
        expect(conditions.filter((condition: string) => condition.startsWith("NonStructural"))).toEqual([]);
      },
    );

    it.each(readExamples("valid"))("accepts $name", async (example) => {
      const { status, body } = await create(example, "dryRun=All&fieldValidation=Strict");
      expect({ status, message: body.message }).toEqual({ status: 201, message: undefined });
    });

    it.each(readExamples("invalid"))("gives the verdict that $name expects", async (example) => {
      const { status, body } = await create(example, "dryRun=All&fieldValidation=Strict");
      const expected = example.onlyEmbedded === undefined ? [400, 422] : [201];
      expect(expected, body.message).toContain(status);
    });

    it("prunes an unknown field when the client does not ask for strict validation, as docs/spec/admission.md says", async () => {
      const object = { ...aBottle("pruned"), spec: { egres: {} } };
      const { status, body } = await cluster.api.call(
        "POST",
        `${pathOf(resourceDefinitions[0]!)}?dryRun=All`,
        object,
      );
      expect({ status, spec: body.spec }).toEqual({ status: 201, spec: {} });
    });

    it("keeps status apart from the spec", async () => {
      const path = pathOf(resourceDefinitions[0]!);
      const created = await cluster.api.call("POST", path, {
        ...aBottle("status"),
        status: { provider: "claude" },
      });
      expect(created.body.status).toBeUndefined();
      expect(created.body.metadata.generation).toBe(1);

      const reported = await cluster.api.call("PATCH", `${path}/status/status`, {
        spec: { operatingMode: "Suspended" },
        status: { provider: "claude", observedGeneration: 1, conditions: [READY] },
      });
      expect(reported.status).toBe(200);
      expect(reported.body.spec).toEqual({});
      expect(reported.body.status.conditions).toEqual([READY]);
      expect(reported.body.metadata.generation).toBe(1);

      const changed = await cluster.api.call("PATCH", `${path}/status`, {
        spec: { operatingMode: "Suspended" },
        status: null,
      });
      expect(changed.body.metadata.generation).toBe(2);
      expect(changed.body.status.provider).toBe("claude");
    });

    it("refuses a status with two conditions of a type", async () => {
      const path = pathOf(resourceDefinitions[0]!);
      await cluster.api.call("POST", path, aBottle("twice"));
      const { status, body } = await cluster.api.call("PATCH", `${path}/twice/status`, {
        status: { conditions: [READY, READY] },
      });
      expect(status).toBe(422);
      expect(body.message).toContain("Duplicate value");
    });

    it.each(resourceDefinitions)("prints $kind in the columns of its definition", async (definition) => {
      const example = readExamples("valid").find(({ definition: { kind } }) => kind === definition.kind)!;
      await create(example, "");
      const wide = kubectl("get", definition.plural, "-o", "wide").split("\n")[0]!.trim().split(/\s+/);
      const narrow = kubectl("get", definition.plural).split("\n")[0]!.trim().split(/\s+/);
      const columns = definition.printerColumns;
      expect(wide).toEqual(["NAME", ...columns.map(({ name }) => name)]);
      expect(narrow).toEqual([
        "NAME",
        ...columns.filter(({ priority }) => priority === 0).map(({ name }) => name),
      ]);
    });

    it("finds a Bottle by short name and category, and shows what its Ready condition says", async () => {
      const path = pathOf(resourceDefinitions[0]!);
      await cluster.api.call("POST", path, aBottle("shown"));
      await cluster.api.call("PATCH", `${path}/shown/status`, {
        status: { provider: "claude", conditions: [READY] },
      });
      expect(kubectl("get", "btl", "shown", "--no-headers")).toMatch(
        /^shown\s+True\s+AllReady\s+claude\s+\d+s\s*$/,
      );
      expect(kubectl("get", "bot-bottle", "-o", "name")).toContain("bottle.bot-bottle.dev/shown");
    });

    it.each(resourceDefinitions)("explains every field of $kind", (definition) => {
      const explained = kubectl("explain", definition.plural, "--recursive");
      const fields = fieldNames(openApiSchemaOf(definition).properties!["spec"]!);
      expect(fields.filter((name) => !new RegExp(`^ +${name}\\t<`, "m").test(explained))).toEqual([]);
      expect(kubectl("explain", definition.plural)).toContain(`${definition.kind} `);
    });

    it("explains a field in our words", () => {
      const explained = kubectl("explain", "btl.spec.egress.routes.host").replaceAll(/\s+/g, " ");
      expect(explained).toContain(
        "host, exact, or *.example.com for any name below example.com but not itself",
      );
    });

    it("merges env by name when two managers apply it", async () => {
      const path = `${pathOf(resourceDefinitions[0]!)}/applied`;
      const apply = (manager: string, name: string) =>
        cluster.kubectl(
          ["apply", "--server-side", "--field-manager", manager, "-f", "-"],
          JSON.stringify({ ...aBottle("applied"), spec: { env: [{ name, value: manager }] } }),
        );
      apply("one", "A");
      apply("two", "B");
      const { body } = await cluster.api.call("GET", path);
      expect(body.spec.env).toEqual([
        { name: "A", value: "one" },
        { name: "B", value: "two" },
      ]);
    });
  },
);

const READY = {
  type: "Ready",
  status: "True",
  reason: "AllReady",
  message: "All parts are ready.",
  observedGeneration: 1,
  lastTransitionTime: "2026-01-01T00:00:00Z",
};

function aBottle(name: string) {
  return { apiVersion: "bot-bottle.dev/v1alpha1", kind: "Bottle", metadata: { name }, spec: {} };
}

function fieldNames(schema: ReturnType<typeof openApiSchemaOf>): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    name,
    ...fieldNames(field),
    ...(field.items === undefined ? [] : fieldNames(field.items)),
  ]);
}
