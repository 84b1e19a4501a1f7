import { X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";
import { describe, expect, it } from "vitest";
import type { EgressRoute } from "../../crds/egress-route.ts";
import { compileEgress } from "../../sidecars/wire/compile-egress.ts";
import type { SecretFacts } from "../contract/secret-source.ts";
import type { GitRemote } from "../../crds/git-remote.ts";
import { compileRemotes } from "../../sidecars/wire/compile-git.ts";
import { deployKeyWishes } from "./git/deploy-key-wishes.ts";
import { decideSecretGrants } from "./secret-grants.ts";
import { secretUses } from "./secret-uses.ts";

const auth = { secretRef: { name: "token", key: "value" } };
const facts = (...hosts: readonly string[]): Map<string, SecretFacts> =>
  new Map([["token", { hosts, keys: { value: { version: "1" } } }]]);
type Known = Map<string, SecretFacts | undefined>;
const decide = (routes: EgressRoute[], known: Known, remotes: GitRemote[] = []) =>
  decideSecretGrants(
    secretUses({
      egress: compileEgress({ routes }),
      remotes: compileRemotes({ remotes }),
      deployKeys: deployKeyWishes(remotes),
    }),
    known,
  );
const CA = {
  caBundle: rootCertificates[0]!,
  fingerprint: `sha256:${new X509Certificate(rootCertificates[0]!).fingerprint256}`,
};
const aRemote = (fields: Partial<GitRemote> = {}): GitRemote => ({
  name: "app",
  url: "git@git.example.com:team/app.git",
  identity: auth,
  knownHost: "git.example.com ssh-ed25519 AAAA",
  ...fields,
});

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
      own: [],
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
    {
      what: "no value any more",
      known: new Map([
        ["token", { hosts: ["a.example"], keys: { value: { version: undefined, isExpired: true } } }],
      ]),
      reason: "SecretExpired",
    },
  ])("says that there is $what", ({ known, reason }) => {
    expect(decide([{ host: "a.example", auth }], known).obstacle).toMatchObject({ reason });
  });

  it("does not leave to the sidecars what was good for a time that is over, and says why there is no new one", () => {
    const problem = "the command exited with code 3";
    const facts = (isExpired: boolean) =>
      new Map<string, SecretFacts>([
        ["token", { hosts: ["a.example"], keys: { value: { version: undefined, problem, isExpired } } }],
      ]);
    const route = { host: "a.example", auth };

    expect(decide([route], facts(true)).grants).toEqual([]);
    expect(decide([route], facts(false)).grants).toHaveLength(1);
    for (const isExpired of [true, false]) {
      expect(decide([route], facts(isExpired)).obstacle?.message).toContain(problem);
    }
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

    expect(decide(routes, new Map())).toEqual({ grants: [], own: [], obstacle: undefined });
  });

  describe("for git remotes", () => {
    it.each([
      ["git@git.example.com:team/app.git", "git.example.com:22"],
      ["ssh://git@git.example.com:2222/team/app.git", "git.example.com:2222"],
      ["ssh://git@[::1]/team/app.git", "[::1]:22"],
      ["https://git.example.com/team/app.git", "git.example.com"],
      ["https://git.example.com:8443/team/app.git", "GIT.example.com:8443"],
    ])("grants the identity of %s when it is bound to %s, and not otherwise", (url, bound) => {
      const remote = aRemote({ url });

      expect(decide([], facts(bound), [remote])).toMatchObject({ grants: [{ name: "token" }], own: [] });
      expect(decide([], facts("other.example.com:22", "other.example.com"), [remote])).toMatchObject({
        grants: [],
        obstacle: {
          reason: "SecretNotBoundToHost",
          message: expect.stringContaining("remote app") as string,
        },
      });
    });

    it("takes a key that is bound to a host for one that is bound to its port 443, never to ssh", () => {
      expect(decide([], facts("git.example.com"), [aRemote()]).obstacle?.message).toContain(
        "to git.example.com:22,",
      );
    });

    it("asks for the CA that a remote brings", () => {
      const { caBundle } = CA;
      const remote = aRemote({ url: "https://git.example.com/team/app.git", caBundle });

      expect(decide([], facts("git.example.com"), [remote]).obstacle?.message).toMatch(/sha256:[0-9a-f]{64}/);
      expect(decide([], facts("git.example.com", CA.fingerprint), [remote]).grants).toHaveLength(1);
    });

    it("says which remote needs a secret that is not there", () => {
      expect(decide([], new Map(), [aRemote()]).obstacle).toMatchObject({
        reason: "SecretMissing",
        message: "Secret token does not exist, and remote app needs it: `bb secret set token --key value`",
      });
    });

    it("needs none for https without authentication", () => {
      const { identity: _, ...open } = aRemote({ url: "https://git.example.com/team/app.git" });

      expect(decide([], new Map(), [open])).toEqual({ grants: [], own: [], obstacle: undefined });
    });

    it("keeps the API token of a forge from the sidecars, and binds it to the forge", () => {
      const remote = aRemote({ keyProvider: "gitea" });

      expect(decide([], facts("git.example.com"), [remote])).toMatchObject({
        grants: [],
        own: [{ name: "token", key: "value" }],
        obstacle: undefined,
      });
      expect(decide([], facts("git.example.com:22"), [remote])).toMatchObject({
        own: [],
        obstacle: { reason: "SecretNotBoundToHost" },
      });
    });

    it.each([
      {
        what: "another port",
        forge: { url: "https://git.example.com:3000" },
        missing: "git.example.com:3000",
      },
      { what: "another host", forge: { url: "https://api.example.com/x" }, missing: "api.example.com:443" },
      { what: "a CA", forge: { caBundle: CA.caBundle }, missing: "sha256:" },
    ])("sends no API token to a forge at $what", ({ forge, missing }) => {
      const remote = aRemote({ keyProvider: "gitea", forge });

      const verdict = decide([], facts("git.example.com"), [remote]);

      expect(verdict.own).toEqual([]);
      expect(verdict.obstacle?.message).toContain(missing);
    });

    it("grants nothing to a remote when a route would carry the same secret away", () => {
      const verdict = decide([{ host: "evil.example", auth }], facts("git.example.com:22"), [aRemote()]);

      expect(verdict.grants).toEqual([]);
    });
  });
});
