import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { validate } from "../../crds/validation.ts";
import { readExamples, type Example } from "../fixtures/examples.ts";
import { type ApiServerKit, type Reply, startApiServer } from "./api-server-kit.ts";

let kit: ApiServerKit;
beforeAll(async () => {
  kit = await startApiServer();
});
afterAll(() => kit.close());

const VALIDATIONS = ["", "&fieldValidation=Warn", "&fieldValidation=Strict"];

function send({ definition, object }: Example, query: string): Promise<Reply> {
  const { group, version, plural, namespaced } = definition;
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const within = namespaced ? "/namespaces/default" : "";
  return kit.fetch(`${root}${within}/${plural}?dryRun=All${query}`, { method: "POST", body: object });
}

/** every field that an answer names, with what it says of it */
function complaintsIn({ code, json }: Reply): string[] {
  const { message, details } = json as {
    message: string;
    details?: { causes?: { field: string; message: string }[] };
  };
  if (code === 422) return (details?.causes ?? []).map((cause) => `${cause.field} ${cause.message}`);
  return [...message.matchAll(/unknown field "(?<path>[^"]+)"(?<more>.*?)(?=, unknown field "|$)/gs)].map(
    ({ groups }) => `${groups?.["path"]} is not a field${groups?.["more"]}`,
  );
}

describe("the embedded server judges as validate() does", () => {
  it.each(readExamples("valid"))("takes valid/$name", async (example) => {
    expect(validate(example.definition, example.object)).toEqual([]);
    for (const query of VALIDATIONS) {
      const { code, json } = await send(example, query);
      expect([code, code === 201 ? "" : json]).toEqual([201, ""]);
    }
  });

  it.each(readExamples("invalid"))("refuses invalid/$name, in the same words", async (example) => {
    const errors = validate(example.definition, example.object);
    const unknown = errors.filter(({ reason }) => reason === "FieldUnknown");
    // as in Kubernetes a field that is unknown is told before any value is looked at
    const wanted = (unknown.length > 0 ? unknown : errors).map(({ path, message }) => `${path} ${message}`);
    for (const query of VALIDATIONS) {
      const reply = await send(example, query);
      expect(reply.code).toBe(unknown.length > 0 ? 400 : 422);
      expect(complaintsIn(reply)).toEqual(wanted);
    }
  });
});
