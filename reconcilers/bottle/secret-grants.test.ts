import { describe, expect, it } from "vitest";
import type { EgressRoute } from "../../crds/egress.ts";
import { compileRoutes } from "../../sidecars/wire/compile-egress.ts";
import type { SecretFacts } from "../contract/secret-source.ts";
import { decideSecretGrants, secretNamesOf } from "./secret-grants.ts";

const auth = { secretRef: { name: "token", key: "value" } };
const facts = (...hosts: readonly string[]): Map<string, SecretFacts> =>
  new Map([["token", { hosts, keys: { value: { version: "1" } } }]]);
const decide = (routes: EgressRoute[], known: Map<string, SecretFacts | undefined>) =>
  decideSecretGrants(compileRoutes({ routes }), known);

describe("decideSecretGrants", () => {
  it("grants a secret once for all routes that go where its owner said", () => {
    const verdict = decide(
      [
        { host: "a.example", auth },
        { host: "a.example", name: "again", auth },
      ],
      facts("a.example"),
    );

    expect(verdict).toEqual({
      grants: [{ name: "token", key: "value", version: "1", destinations: ["a.example"] }],
      obstacle: undefined,
    });
  });

  it.each([
    { what: "to another host", route: { host: "b.example", auth }, bound: ["a.example"] },
    { what: "below its host", route: { host: "x.a.example", auth }, bound: ["a.example"] },
    { what: "to another port", route: { host: "a.example", ports: [8443], auth }, bound: ["a.example"] },
    {
      what: "to one more port",
      route: { host: "a.example", ports: [443, 8443], auth },
      bound: ["a.example"],
    },
    { what: "when it is bound to nothing", route: { host: "a.example", auth }, bound: [] },
    {
      what: "to an address that the route brings",
      route: { host: "a.example", auth, upstream: { address: "203.0.113.7" } },
      bound: ["a.example"],
    },
  ])("grants nothing $what", ({ route, bound }) => {
    const verdict = decide([route], facts(...bound));

    expect(verdict.grants).toEqual([]);
    expect(verdict.obstacle).toMatchObject({ reason: "SecretNotBoundToHost", end: "stalled" });
  });

  it("grants nothing to any route when one of them would carry the secret away", () => {
    const verdict = decide(
      [
        { host: "a.example", auth },
        { host: "evil.example", auth },
      ],
      facts("a.example"),
    );

    expect(verdict.grants).toEqual([]);
    expect(verdict.obstacle?.message).toContain("evil.example");
  });

  it.each([
    { what: "no Secret", known: new Map<string, SecretFacts>(), reason: "SecretMissing" },
    {
      what: "no key",
      known: new Map([["token", { hosts: ["a.example"], keys: {} }]]),
      reason: "SecretMissing",
    },
    {
      what: "no value",
      known: new Map([["token", { hosts: ["a.example"], keys: { value: { version: undefined } } }]]),
      reason: "SecretValueMissing",
    },
  ])("says that there is $what", ({ known, reason }) => {
    expect(decide([{ host: "a.example", auth }], known).obstacle).toMatchObject({ reason });
  });

  it("names the worst of several obstacles", () => {
    const other = { secretRef: { name: "absent", key: "value" } };
    const verdict = decide(
      [
        { host: "b.example", auth: other },
        { host: "evil.example", auth },
      ],
      facts("a.example"),
    );

    expect(verdict.obstacle).toMatchObject({ reason: "SecretNotBoundToHost" });
  });

  it("needs nothing for routes that strip or pass credentials on", () => {
    const routes: EgressRoute[] = [
      { host: "a.example" },
      { host: "b.example", auth: { mode: "passthrough" } },
    ];

    expect(decide(routes, new Map())).toEqual({ grants: [], obstacle: undefined });
    expect(secretNamesOf(compileRoutes({ routes }))).toEqual([]);
  });
});
