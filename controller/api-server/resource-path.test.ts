import { describe, expect, it } from "vitest";
import { parseResourcePath } from "./resource-path.ts";

const own = { group: "bot-bottle.dev", version: "v1alpha1" };
const core = { group: "", version: "v1" };

describe("parseResourcePath", () => {
  it.each([
    ["/apis/bot-bottle.dev/v1alpha1/bottles", { ...own, plural: "bottles" }],
    ["/apis/bot-bottle.dev/v1alpha1/bottles/", { ...own, plural: "bottles" }],
    ["/apis/bot-bottle.dev/v1alpha1/namespaces/a/bottles", { ...own, namespace: "a", plural: "bottles" }],
    [
      "/apis/bot-bottle.dev/v1alpha1/namespaces/a/bottles/b/status",
      { ...own, namespace: "a", plural: "bottles", name: "b", subresource: "status" },
    ],
    ["/api/v1/namespaces", { ...core, plural: "namespaces" }],
    ["/api/v1/namespaces/a", { ...core, plural: "namespaces", name: "a" }],
    ["/api/v1/namespaces/a/status", { ...core, plural: "namespaces", name: "a", subresource: "status" }],
    ["/api/v1/namespaces/status/secrets", { ...core, namespace: "status", plural: "secrets" }],
    [
      "/api/v1/namespaces/a/pods/b/log",
      { ...core, namespace: "a", plural: "pods", name: "b", subresource: "log" },
    ],
    ["/api/v1/secrets/with%20space", { ...core, plural: "secrets", name: "with space" }],
  ])("takes %s apart", (path, expected) => {
    expect(parseResourcePath(path)).toEqual(expected);
  });

  it.each([
    "/",
    "/version",
    "/api/v1",
    "/apis/bot-bottle.dev/v1alpha1",
    "/api/v1//secrets",
    "/api/v1/namespaces/a/secrets/b/c/d",
    "/api/v1/namespaces/%2e%2e/secrets",
    "/api/v1/namespaces/a%2fb/secrets",
    "/api/v1/namespaces/%00/secrets",
    "/api/v1/namespaces/%zz/secrets",
  ])("finds no resource in %s", (path) => {
    expect(parseResourcePath(path)).toBeUndefined();
  });
});
