import { describe, expect, it } from "vitest";
import type { ClassFields } from "../../crds/class-fields.ts";
import { providerNamed } from "../providers/index.ts";
import { createCertificateAuthority } from "../../sidecars/egress/certificates/authority.ts";
import { placeholderOf } from "../../sidecars/wire/placeholder.ts";
import { desiredEnvironment } from "./desired-environment.ts";
import { desiredFiles, desiredHomeFiles, desiredKeptFiles } from "./desired-files.ts";
import { desiredParts } from "./desired-parts.ts";
import { desiredDemands, desiredEgress, desiredPolicy } from "./desired-policy.ts";
import { compileEgress } from "../../sidecars/wire/compile-egress.ts";
import type { EffectiveBottle } from "./effective-bottle.ts";
import { javaTrustStore } from "./java-trust-store.ts";

const anEffective = (fields: ClassFields = {}, provider = "claude", prompt = ""): EffectiveBottle => ({
  fields,
  spec: {},
  provider: providerNamed(provider)!,
  prompt,
});
const { certificatePem: CA } = await createCertificateAuthority({
  commonName: "a bottle",
  now: new Date(),
  days: 1,
});
const facts = { caFingerprint: "ca", spent: [], unrecorded: undefined };
const NOTHING = { egress: compileEgress({}), remotes: [] };
const REMOTE = { name: "app", url: "https://git.example.com/team/app" };
const keptFiles = (effective: EffectiveBottle) => desiredKeptFiles(effective, desiredDemands(effective));
const credentialRef = { name: "claude", key: "oauth-token" };

describe("the routes of a bottle", () => {
  it("are its own and then the provider's, with the provider's credential", () => {
    const fields = {
      provider: { name: "claude", credentialRef },
      egress: { routes: [{ host: "a.example" }] },
    };

    expect(desiredEgress(anEffective(fields)).routes).toMatchObject([
      { host: "a.example", auth: { mode: "strip" } },
      {
        host: "api.anthropic.com",
        auth: { mode: "inject", carrier: { prefix: "Bearer " }, secret: credentialRef },
      },
    ]);
  });

  it("strip credentials on the provider's hosts when it has none", () => {
    expect(desiredEgress(anEffective()).routes).toMatchObject([
      { host: "api.anthropic.com", auth: { mode: "strip" } },
    ]);
  });

  it("leave out the provider's when one of its own names the host, in any case", () => {
    const fields = { egress: { routes: [{ host: "API.Anthropic.com", paths: ["/v1/models"] }] } };

    expect(desiredEgress(anEffective(fields)).routes).toMatchObject([
      { host: "api.anthropic.com", paths: ["/v1/models"] },
    ]);
  });

  it("are none for a bare image without any: nothing may be reached", () => {
    expect(desiredEgress(anEffective({}, "none")).routes).toEqual([]);
  });
});

describe("the hash of a policy", () => {
  const grant = { name: "t", key: "k", version: "1", destinations: ["a.example"] };
  const { policyHash } = desiredPolicy(NOTHING, [grant], facts);

  it("does not move with the version of a secret, which a restarted controller may not have", () => {
    expect(desiredPolicy(NOTHING, [{ ...grant, version: undefined }], facts).policyHash).toBe(policyHash);
  });

  it.each([
    { what: "a binding", other: desiredPolicy(NOTHING, [{ ...grant, destinations: [] }], facts) },
    { what: "a grant", other: desiredPolicy(NOTHING, [], facts) },
    { what: "the CA", other: desiredPolicy(NOTHING, [grant], { ...facts, caFingerprint: "another" }) },
    {
      what: "a git remote",
      other: desiredPolicy(
        desiredDemands(anEffective({ git: { remotes: [REMOTE] } }, "none")),
        [grant],
        facts,
      ),
    },
    {
      what: "a fault of the audit",
      other: desiredPolicy(NOTHING, [grant], { ...facts, unrecorded: "full" }),
    },
    { what: "a route", other: desiredPolicy(desiredDemands(anEffective()), [grant], facts) },
  ])("moves with $what", ({ other }) => {
    expect(other.policyHash).not.toBe(policyHash);
  });
});

describe("the agent's environment", () => {
  const environment = desiredEnvironment(
    anEffective({
      env: [
        { name: "A", value: "b" },
        { name: "HTTPS_PROXY", value: "http://evil" },
      ],
      egress: {
        routes: [
          { host: "a.example", auth: { secretRef: { name: "gh", key: "token" }, env: "GH_TOKEN" } },
          { host: "b.example", auth: { secretRef: { name: "gh", key: "token" }, env: "A" } },
        ],
      },
    }),
    "uid-1",
  );

  it("sends every tool through the proxy, whatever the Bottle says", () => {
    for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"]) {
      expect(environment[name]).toBe("http://egress:9099");
    }
    expect(environment["NO_PROXY"]).toBe("egress,git-gate,supervise,localhost,127.0.0.1");
  });

  it.each(["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT"])(
    "%s has the public roots and the bottle's CA",
    (name) => expect(environment[name]).toBe("/etc/bot-bottle/ca-bundle.pem"),
  );

  it.each(["NODE_EXTRA_CA_CERTS", "CODEX_CA_CERTIFICATE"])("%s adds the bottle's CA", (name) =>
    expect(environment[name]).toBe("/etc/bot-bottle/ca.pem"),
  );

  it("has the placeholder of a secret in the variable that a route names, unless the Bottle says otherwise", () => {
    const placeholder = placeholderOf("uid-1", { name: "gh", key: "token" });
    expect(placeholder).toMatch(/^egress-placeholder-[0-9a-f]{16}$/);
    expect(environment["GH_TOKEN"]).toBe(placeholder);
    expect(environment["A"]).toBe("b");
    expect(placeholderOf("uid-2", { name: "gh", key: "token" })).not.toBe(placeholder);
    expect(placeholderOf("uid-1", { name: "gh", key: "other" })).not.toBe(placeholder);
  });

  it("makes Java trust the bottle's CA, beside the options that the Bottle gives it", () => {
    const trust = "-Djavax.net.ssl.trustStore=/etc/bot-bottle/ca.jks";
    expect(environment["JAVA_TOOL_OPTIONS"]).toBe(trust);
    const env = [{ name: "JAVA_TOOL_OPTIONS", value: "-Xmx64m" }];
    expect(desiredEnvironment(anEffective({ env }), "uid-1")["JAVA_TOOL_OPTIONS"]).toBe(`-Xmx64m ${trust}`);
  });

  it("has the Bottle's own variables and a placeholder where the token would be", () => {
    expect(environment).toMatchObject({ A: "b", CLAUDE_CODE_OAUTH_TOKEN: "egress-placeholder" });
  });
});

describe("the agent's files", () => {
  it("outside the home are root's: the CA alone, and the bundles with it at their end", () => {
    const files = desiredFiles(CA, "ROOTS\n\n");

    expect(files.map(({ path, content }) => [path, content])).toEqual([
      ["/etc/bot-bottle/ca.pem", CA],
      ["/etc/bot-bottle/ca-bundle.pem", `ROOTS\n${CA}`],
      ["/etc/ssl/certs/ca-certificates.crt", `ROOTS\n${CA}`],
      ["/etc/bot-bottle/ca.jks", javaTrustStore(CA).toString("base64")],
    ]);
    for (const file of files) expect(file).toMatchObject({ mode: 0o644, owner: { uid: 0, gid: 0 } });
  });

  it("in the home are the agent's: the prompt for its eyes alone, and what the provider wants", () => {
    const effective = anEffective({}, "claude", "Be brief.");
    const files = [...keptFiles(effective), ...desiredHomeFiles(effective)];

    expect(files.map(({ path, mode }) => [path, mode])).toEqual([
      ["/home/node/.bot-bottle-prompt.txt", 0o600],
      ["/home/node/.bot-bottle-gitconfig", 0o600],
      ["/home/node/.gitconfig", 0o600],
      ["/home/node/.claude.json", 0o600],
    ]);
    expect(files[0]?.content).toBe("Be brief.");
    for (const file of files) expect(file.owner).toEqual({ uid: 1000, gid: 1000 });
  });

  it.each([
    {
      user: { name: "Bot", email: "bot@example.com" },
      content: '[user]\n\tname = "Bot"\n\temail = "bot@example.com"\n',
    },
    { user: { name: 'B "x" \\' }, content: '[user]\n\tname = "B \\"x\\" \\\\"\n' },
    {
      user: { name: "a\n[core]\n\tfsmonitor = x" },
      content: '[user]\n\tname = "a [core] \tfsmonitor = x"\n',
    },
  ])("have git configuration that says who commits, and nothing else: $user", ({ user, content }) => {
    const file = keptFiles(anEffective({ git: { user } }, "none")).find(({ path }) =>
      path.endsWith("gitconfig"),
    );

    expect(file).toMatchObject({ content, mode: 0o600 });
  });

  it("leave the agent a .gitconfig of its own, which includes what follows the spec", () => {
    const [file] = desiredHomeFiles(anEffective({ git: { user: { name: "Bot" } } }, "none"));

    expect(file).toMatchObject({
      path: "/home/node/.gitconfig",
      content: "[include]\n\tpath = /home/node/.bot-bottle-gitconfig\n",
    });
  });
});

describe("the parts of a bottle", () => {
  const owner = { uid: "u1", namespace: "default", name: "b1" };
  const images = { airlock: "i1", sidecars: "i2", agent: "i3" };
  const agent = {
    environment: { A: "b" },
    files: [],
    homeFiles: [],
    resources: {},
    runtimeClassName: undefined,
  };
  const parts = desiredParts(owner, images, agent);

  it("are named for the uid alone, so that a restart finds them", () => {
    const names = [...Object.values(parts.sandboxes), ...Object.values(parts.volumes)].map(
      ({ name }) => name,
    );
    expect(names).toEqual([
      "bb-u1-airlock",
      "bb-u1-sidecars",
      "bb-u1-agent",
      "bb-u1-home",
      "bb-u1-sockets",
      "bb-u1-mirrors",
    ]);
  });

  it("give the sockets to airlock (to read) and sidecars, the mirrors to sidecars alone, and the agent its home", () => {
    const mounts = (role: "airlock" | "sidecars" | "agent") => parts.sandboxes[role].mounts;

    expect(mounts("airlock")).toEqual([{ volume: "bb-u1-sockets", path: "/run/bb", readOnly: true }]);
    expect(mounts("sidecars")).toEqual([
      { volume: "bb-u1-sockets", path: "/run/bb", readOnly: false },
      { volume: "bb-u1-mirrors", path: "/var/lib/git-gate", readOnly: false },
    ]);
    expect(mounts("agent")).toEqual([{ volume: "bb-u1-home", path: "/home/node", readOnly: false }]);
  });

  it("put the agent into the airlock's namespace, and nobody else", () => {
    expect(parts.sandboxes.agent.joins).toBe("bb-u1-airlock");
    expect([parts.sandboxes.airlock.joins, parts.sandboxes.sidecars.joins]).toEqual([undefined, undefined]);
  });

  it("give airlock and sidecars no environment and no files", () => {
    for (const role of ["airlock", "sidecars"] as const) {
      expect(parts.sandboxes[role]).toMatchObject({ environment: {}, files: [] });
    }
  });

  it.each([
    { what: "the environment", change: { environment: { A: "c" } }, moves: true },
    { what: "the limits", change: { resources: { cpus: 1 } }, moves: true },
    { what: "the CA", change: { files: desiredFiles(CA, "") }, moves: true },
    { what: "the files of a new home", change: { homeFiles: desiredHomeFiles(anEffective()) }, moves: false },
  ])("have an agent that is made anew for $what: $moves", ({ change, moves }) => {
    const other = desiredParts(owner, images, { ...agent, ...change });

    expect(other.sandboxes.agent.specHash !== parts.sandboxes.agent.specHash).toBe(moves);
    expect(other.sandboxes.sidecars.specHash).toBe(parts.sandboxes.sidecars.specHash);
  });
});
