import { describe, expect, it } from "vitest";
import { namespaces, secrets } from "./core.ts";
import { agents, bottleClasses, bottles, type ResourceDefinition } from "./resources.ts";
import { describeErrors, validate } from "./validation.ts";

const aBottle = (spec: unknown, metadata: object = { name: "hello", namespace: "default" }) => ({
  apiVersion: "bot-bottle.dev/v1alpha1",
  kind: "Bottle",
  metadata,
  spec,
});

/** each error as `path message` */
const errorsOf = (object: unknown, definition: ResourceDefinition = bottles) =>
  validate(definition, object).map(({ path, message }) => `${path} ${message}`);

describe("validate", () => {
  it("accepts the smallest Bottle and what kubectl adds to it", () => {
    const metadata = {
      name: "hello",
      creationTimestamp: null,
      labels: { "app.kubernetes.io/name": "x" },
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}\n" },
    };
    expect(errorsOf({ ...aBottle({}, metadata), status: {} })).toEqual([]);
  });

  it("says all that is wrong at once", () => {
    expect(errorsOf(aBottle({ operatingMode: "Paused", display: { label: 7 }, routs: [] }))).toEqual([
      "spec.operatingMode must be one of Running, Suspended",
      "spec.display.label must be a string, not a number: put it in quotes",
      expect.stringContaining("spec.routs is not a field; known here: classRef,"),
    ]);
  });

  it.each([
    [{ oprating_mode: "Running" }, 'spec.oprating_mode is not a field; did you mean "operatingMode"?'],
    [{ OperatingMode: "Running" }, 'spec.OperatingMode is not a field; did you mean "operatingMode"?'],
    [{ routes: [] }, "spec.routes is not a field; did you mean spec.egress.routes?"],
    [
      { egress: { routes: [{ host: "a.example.com", method: ["GET"] }] } },
      'spec.egress.routes[0].method is not a field; did you mean "methods"?',
    ],
  ])("names the field that was meant by %j", (spec, error) => {
    expect(errorsOf(aBottle(spec))).toEqual([error]);
  });

  it("does not quote a value, which may be private", () => {
    const spec = { env: [{ name: "TOKEN", value: "hunter2\u001b" }], provider: { name: "hunter2!" } };
    const text = describeErrors(validate(bottles, aBottle(spec)));
    expect(text).toContain("spec.env[0].value has a control character");
    expect(text).not.toContain("hunter2");
  });

  it("counts a label in bytes, not characters", () => {
    expect(errorsOf(aBottle({ display: { label: "é".repeat(32) } }))).toEqual([]);
    expect(errorsOf(aBottle({ display: { label: "é".repeat(33) } }))).toEqual([
      "spec.display.label is longer than 64 bytes of UTF-8: shorten it",
    ]);
  });

  it.each(["\u0000", "\u001b", "\u007f", "\u009b", "\n", "\u200f", "\u2028", "\u202e", "\u2066", "\ufeff"])(
    "refuses %j in a label, a model and a git author",
    (character) => {
      const text = `a${character}b`;
      const spec = {
        display: { label: text },
        provider: { name: "claude", model: text },
        git: { user: { name: text } },
      };
      expect(validate(bottles, aBottle(spec)).map(({ path }) => path)).toEqual([
        "spec.display.label",
        "spec.provider.model",
        "spec.git.user.name",
      ]);
    },
  );

  it("lets line feeds and tabs pass where text has lines, and nothing worse", () => {
    const anAgent = (prompt: string) => ({
      apiVersion: "bot-bottle.dev/v1alpha1",
      kind: "Agent",
      metadata: { name: "a" },
      spec: { prompt },
    });
    expect(errorsOf(anAgent("One.\n\tTwo ✓ — “three” שלום"), agents)).toEqual([]);
    expect(errorsOf(anAgent("\u001b]52;c;AAAA\u0007"), agents)).toHaveLength(1);
    expect(errorsOf(anAgent("a\u202eb"), agents)).toHaveLength(1);
  });

  it.each([null, 7, "x", []])("refuses %j, which is no object", (value) => {
    expect(errorsOf(value)).toEqual([" must be an object"]);
  });

  it("takes a spec that is present and empty for a mistake of indentation", () => {
    expect(errorsOf(aBottle({ egress: null }))).toEqual([
      "spec.egress is empty (null): give an object, or leave the field out",
    ]);
  });
});

describe("metadata", () => {
  it.each([
    [{ name: "Hello" }, "metadata.name must be lower-case letters"],
    [{ name: "a..b" }, "metadata.name must be lower-case letters"],
    [{ name: "a".repeat(64) }, "metadata.name is longer than 63 characters"],
    [{ name: "-".repeat(64) }, "metadata.name must be lower-case letters"],
    [{}, "metadata.name is required"],
    [{ name: "a", lables: {} }, 'metadata.lables is not a field; did you mean "labels"?'],
    [{ name: "a", namespace: "a.b" }, "metadata.namespace must be at most 63"],
    [{ name: "a", labels: { "a b": "" } }, 'metadata.labels have the key "a b"'],
    [{ name: "a", labels: { "-/a": "" } }, 'metadata.labels have the key "-/a"'],
    [{ name: "a", labels: { a: "b c" } }, "metadata.labels.a must be at most 63"],
    [
      { name: "a", labels: { a: true } },
      "metadata.labels.a must be a string, not a boolean: put it in quotes",
    ],
    [{ name: "a", annotations: { "": "" } }, 'metadata.annotations have the key ""'],
    [{ name: "a", annotations: { a: "x".repeat(300_000) } }, "metadata.annotations are larger than 256 KiB"],
    [{ name: "a", finalizers: ["not plain"] }, "metadata.finalizers[0] must be a qualified name"],
    [{ name: "a", ownerReferences: [{}] }, "metadata.ownerReferences[0].apiVersion is required"],
  ])("refuses %j", (metadata, error) => {
    expect(errorsOf(aBottle({}, metadata))[0]).toContain(error);
  });

  it("accepts a generateName in place of a name", () => {
    expect(errorsOf(aBottle({}, { generateName: "run-" }))).toEqual([]);
  });

  it("holds a cluster-scoped object to no namespace, and a class to extend another one", () => {
    const object = {
      apiVersion: "bot-bottle.dev/v1alpha1",
      kind: "BottleClass",
      metadata: { name: "base", namespace: "default" },
      spec: { extends: "base" },
    };
    expect(errorsOf(object, bottleClasses)).toEqual([
      "metadata.namespace must be left out: a BottleClass belongs to no namespace",
      "spec.extends is the class itself: name another class, or leave it out",
    ]);
  });

  it("holds the kinds of core v1 to the same rules", () => {
    const core = (kind: string, metadata: object) => ({ apiVersion: "v1", kind, metadata });
    expect(errorsOf(core("Secret", { name: "claude", lables: {} }), secrets)).toHaveLength(1);
    expect(errorsOf(core("Namespace", { name: "a.b" }), namespaces)).toHaveLength(1);
    expect(errorsOf({ ...core("Secret", { name: "claude" }), stringData: { a: "b" } }, secrets)).toEqual([]);
  });
});

describe("the destinations of a Secret", () => {
  const aSecret = (hosts: string) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "claude", annotations: { "bot-bottle.dev/hosts": hosts } },
  });
  const fingerprint = "0123456789abcdef".repeat(4);

  it.each([
    "",
    "api.example.com",
    "api.example.com:8443, API.example.com,",
    "10.1.2.3:443,2001:db8::7,[2001:db8::7]:8443",
    `api.example.com,sha256:${fingerprint}`,
    `sha256:${fingerprint.toUpperCase().match(/../g)!.join(":")}`,
  ])("may be %j", (hosts) => {
    expect(errorsOf(aSecret(hosts), secrets)).toEqual([]);
  });

  it.each([
    ["https://api.example.com", "is a URL"],
    ["*.example.com", "is a wildcard, but one host must be named here"],
    ["api.example.com/v1", "has a path"],
    ["api.example.com:0", "has no port between 1 and 65535"],
    ["good.example.com, bad host", 'has "bad host", which has a space'],
    ["127.1", "is an IPv4 address in an odd notation"],
    ["sha256:abc", "must be sha256: and the 64 hexadecimal digits"],
  ])("may not be %j, which %s", (hosts, problem) => {
    expect(errorsOf(aSecret(hosts), secrets)).toEqual([
      expect.stringMatching(/^metadata\.annotations\["bot-bottle\.dev\/hosts"\] has /),
    ]);
    expect(errorsOf(aSecret(hosts), secrets)[0]).toContain(problem);
  });
});
