import { describe, expect, it } from "vitest";
import { events } from "../../crds/core.ts";
import type { ApiObject } from "../../crds/metadata.ts";
import { bottles } from "../../crds/resources.ts";
import { InvalidError } from "../../reconcilers/contract/errors.ts";
import { parseFieldSelector, parseLabelSelector } from "./selectors.ts";

const labelled = (labels?: Record<string, string>): ApiObject => ({
  apiVersion: "v1",
  kind: "X",
  metadata: {
    name: "x",
    namespace: "n",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "-",
    ...(labels && { labels }),
  },
});

describe("parseLabelSelector", () => {
  it.each([
    ["", {}, true],
    ["a=b", { a: "b" }, true],
    ["a=b", { a: "c" }, false],
    ["a==b", { a: "b" }, true],
    ["a = b", { a: "b" }, true],
    ["a=", { a: "" }, true],
    ["a=", {}, false],
    ["a!=b", { a: "c" }, true],
    ["a!=b", {}, true],
    ["a!=b", { a: "b" }, false],
    ["a in (b,c)", { a: "c" }, true],
    ["a in (b, c)", { a: "d" }, false],
    ["a notin (b,c)", { a: "b" }, false],
    ["a notin (b,c)", {}, true],
    ["a", { a: "x" }, true],
    ["a", {}, false],
    ["!a", {}, true],
    ["!a", { a: "x" }, false],
    ["a=b,c in (d,e),!f", { a: "b", c: "e" }, true],
    ["a=b,c in (d,e),!f", { a: "b", c: "e", f: "" }, false],
    ["bot-bottle.dev/uid=1-2_3.x", { "bot-bottle.dev/uid": "1-2_3.x" }, true],
    ["constructor", {}, false],
  ])("reads %j against %j as %j", (selector, labels, selected) => {
    expect(parseLabelSelector(selector)(labelled(labels as Record<string, string>))).toBe(selected);
  });

  it.each(["a=b=c", "=b", "a in b", "a in (b", "a,,b", "a>1", "-a"])("refuses %j", (selector) => {
    expect(() => parseLabelSelector(selector)).toThrow(InvalidError);
  });
});

describe("parseFieldSelector", () => {
  const event = {
    ...labelled(),
    kind: "Event",
    involvedObject: { kind: "Bottle", name: "hello", uid: "7" },
    reason: "Started",
    type: "Normal",
    source: { component: "controller" },
  };

  it.each([
    ["metadata.name=x,metadata.namespace=n", true],
    ["metadata.name!=x", false],
    ["involvedObject.name=hello,involvedObject.kind=Bottle,involvedObject.uid=7", true],
    ["involvedObject.namespace=", true],
    ["type=Warning", false],
    ["type!=Warning,reason==Started,source=controller", true],
  ])("reads %j as %j", (selector, selected) => {
    expect(parseFieldSelector(selector, events)(event)).toBe(selected);
  });

  it("refuses a field that a real API server does not select by", () => {
    expect(() => parseFieldSelector("spec.classRef=x", bottles)).toThrow(
      "field label not supported: spec.classRef",
    );
    expect(() => parseFieldSelector("reason=x", bottles)).toThrow(InvalidError);
  });
});
