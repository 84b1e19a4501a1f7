import { describe, expect, it } from "vitest";
import { representationOf } from "./negotiation.ts";
import { StatusError } from "./status-error.ts";

describe("representationOf", () => {
  it.each([
    [undefined, "object", "json"],
    ["*/*", "object", "json"],
    ["application/json", "object", "json"],
    ["application/json;stream=watch", "object", "json"],
    ["application/yaml", "object", "yaml"],
    ["application/vnd.kubernetes.protobuf,application/json", "object", "json"],
    ["application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "table", "json"],
    ["application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", "object", "json"],
    ["application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "metadata", "json"],
  ])("gives for Accept %s the form %s in %s", (accept, form, encoding) => {
    expect(representationOf(accept)).toEqual({ form, encoding });
  });

  it("refuses a client that takes none of them", () => {
    for (const accept of ["text/html", "application/vnd.kubernetes.protobuf", "application/json;as=Other"]) {
      expect(() => representationOf(accept)).toThrow(StatusError);
    }
  });
});
