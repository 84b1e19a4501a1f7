import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bottles } from "../../crds/resources.ts";
import { validate } from "../../crds/validation.ts";
import { type Cluster, isWithoutCluster, openCluster } from "./cluster.ts";

const PATH = "/apis/bot-bottle.dev/v1alpha1/namespaces/default/bottles?dryRun=All&fieldValidation=Strict";

/** what no rule in CEL can say (docs/spec/admission.md) */
const ONLY_EMBEDDED = /not valid punycode|certificate that cannot be read/;

/** strings made of parts that mean something, so that most are nearly right */
const madeOf = (...parts: string[]) =>
  fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 5 }).map((some) => some.join(""));

const host = madeOf(
  ...["a", "api.", "*.", "*", ".", "-", "_", "A", "1", "0x7f", "255", "127.0.0.1", "10.", "example.com"],
  ...[
    ":",
    "::",
    "::1",
    "ffff:",
    "1.2.3.4",
    "[",
    "]",
    "/",
    "@",
    " ",
    "é",
    "%",
    "://",
    "?",
    "#",
    "\\",
    "443",
    "\n",
  ],
);
const block = madeOf(
  ...[
    "10.",
    "0",
    "255",
    ".",
    "/",
    "8",
    "24",
    "33",
    "::",
    "fd00",
    "ffff:",
    "%eth0",
    "010",
    "10.0.0.0",
    "fd00::",
  ],
  ...["/7", "/6", "/10", "/128", "192.168.1.1", "1", " "],
);
const path = madeOf(
  "/",
  "/",
  "a",
  ".",
  "..",
  "%2F",
  "%2a",
  "%20",
  "%2",
  "*",
  "?",
  "#",
  " ",
  "é",
  "\\",
  "%",
  '"',
  "~",
);
const text = madeOf(
  "a",
  "é",
  "漢",
  "\u001b",
  "\u009b",
  "\u00a0",
  "\u200f",
  "\u2027",
  "\u202e",
  "\u2066",
  "\ufeff",
  "😀",
  "\n",
  "\t",
  "<",
  "",
);
const moment = madeOf(
  "2099-",
  "02-",
  "12-",
  "28",
  "30",
  "T",
  "t",
  "18:00:00",
  "24:00:00",
  ":60",
  ".5",
  "Z",
  "z",
  "+01:00",
  "+0100",
  " ",
);
const method = madeOf("*", "GET", "POST", "get", "-", "TRACE", "CONNECT");
const word = madeOf("a", "A", "-", ".", "_", "1", "/", "");

const gitUrl = madeOf(
  ...[
    "ssh://",
    "https://",
    "http://",
    "git@",
    "git.example.com",
    "[::1]",
    ":",
    "/",
    ":22",
    ":99999",
    "a",
    "-",
  ],
  ...["..", ".", "~", "%2e", "?", "#", "@", " ", "é", "\n", "\\", ":p@", "//", "_", "ext::"],
);
const glob = madeOf("*", "**", "/", "a", ".", "..", "refs/", "[", "]", "{", "!", "\\", "?", "é", " ", "-");
const knownHost = madeOf(
  ...[
    "git.example.com",
    "[::1]:22",
    "*",
    "@revoked",
    " ",
    "ssh-ed25519",
    "ssh-",
    "AAAA",
    "==",
    "\n",
    "é",
    "|1|",
  ],
);
const pattern = madeOf("(?", "(?i)", "=", "!", "<", "\\1", "\\d", "\\", "[a-z]", ")", "a", "é");

const route = (fields: object) => ({ egress: { routes: [{ host: "a.example.com", ...fields }] } });
const secretRef = { name: "s", key: "k" };
const SSH_URL = "ssh://git@git.example.com/team/app";
const HTTPS_URL = "https://git.example.com/team/app";
const remote = (fields: object) => ({
  git: {
    remotes: [{ name: "a", url: SSH_URL, identity: { secretRef }, knownHost: "h ssh-rsa AAAA", ...fields }],
  },
});
const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });

/** one field of a Bottle's spec that varies, the rest well-formed */
const specs: Record<string, fc.Arbitrary<object>> = {
  host: host.map((value) => route({ host: value })),
  upstream: host.map((address) => route({ upstream: { address } })),
  allowPrivate: fc.array(block, { maxLength: 2 }).map((allowPrivate) => route({ allowPrivate })),
  paths: fc
    .array(
      path.map((value) => `/${value}`),
      { maxLength: 2 },
    )
    .map((paths) => route({ paths })),
  methods: fc.array(method, { maxLength: 3 }).map((methods) => route({ methods })),
  ports: fc.array(fc.integer({ min: -1, max: 65537 }), { maxLength: 3 }).map((ports) => route({ ports })),
  auth: fc
    .record(
      {
        mode: optional(fc.constantFrom("inject", "passthrough", "strip")),
        scheme: optional(fc.constantFrom("Bearer", "bearer")),
        header: optional(fc.constantFrom("x-api-key", "Host", "TE", "x_y", "")),
        secretRef: optional(fc.constantFrom(secretRef, { name: "S", key: "k" })),
      },
      { requiredKeys: [] },
    )
    .map((auth) => route({ auth })),
  route: fc
    .record({
      host: fc.constantFrom("a.example.com", "*.example.com"),
      auth: optional(fc.constantFrom({ secretRef }, { mode: "passthrough" })),
      ports: optional(fc.constantFrom([80], [443, 80], [443])),
      methods: optional(fc.constantFrom(["TRACE"], ["*"], ["GET"])),
      scan: optional(fc.constantFrom("full", "inject-only")),
      maxBodyBytes: optional(fc.constantFrom(0, 10)),
    })
    .map(route),
  names: fc
    .array(
      fc.record({ name: optional(fc.constantFrom("a", "b", "x.com")), host: fc.constantFrom("x.com", "b") }),
      { maxLength: 3 },
    )
    .map((routes) => ({ egress: { routes } })),
  label: text.map((value) => ({ display: { label: value.repeat(6) } })),
  env: fc.array(fc.record({ name: word, value: text }), { maxLength: 3 }).map((env) => ({ env })),
  author: text.map((name) => ({ git: { user: { name } } })),
  remoteUrl: gitUrl.map((url) => remote({ url })),
  gitea: gitUrl.map((url) => remote({ url, keyProvider: "gitea" })),
  forge: gitUrl.map((url) => remote({ keyProvider: "gitea", forge: { url } })),
  knownHost: knownHost.map((value) => remote({ knownHost: value })),
  remote: fc
    .record({
      url: fc.constantFrom(SSH_URL, HTTPS_URL, "git@git.example.com:app"),
      identity: optional(fc.constant({ secretRef })),
      knownHost: optional(fc.constant("h ssh-rsa AAAA")),
      keyProvider: optional(fc.constantFrom("static", "gitea", "github")),
      forge: optional(fc.constantFrom({}, { url: "https://git.example.com" })),
      caBundle: optional(fc.constant("x")),
    })
    .map(remote),
  remoteNames: fc
    .array(
      word.map((name) => ({ name, url: HTTPS_URL })),
      { maxLength: 3 },
    )
    .map((remotes) => ({ git: { remotes } })),
  branches: fc.array(glob, { maxLength: 3 }).map((branches) => remote({ push: { branches } })),
  protectedPaths: glob.map((value) => remote({ push: { protectedPaths: [value] } })),
  baseline: glob.map((value) => remote({ scan: { baseline: [{ rule: "r", path: value }] } })),
  scanRules: pattern.map((value) => remote({ scan: { rules: [{ name: "r", pattern: value }] } })),
  provider: fc
    .record({
      name: fc.constantFrom("claude", "none", "Claude", ""),
      image: optional(word),
      dockerfile: optional(word.map((value) => `/${value}`)),
      model: optional(text),
    })
    .map((provider) => ({ provider })),
  lifecycle: fc
    .record({
      shutdownTime: optional(moment),
      ttlSecondsAfterFinished: optional(fc.integer({ min: -1, max: 1 })),
    })
    .map((lifecycle) => ({ lifecycle })),
  classRef: word.map((name) => ({ classRef: { name } })),
};

const metadata = fc.record({
  name: fc.oneof(
    fc.constant("x"),
    word,
    word.map((value) => `a${value}a`.repeat(16)),
  ),
  labels: optional(fc.dictionary(word, word, { maxKeys: 2 })),
  annotations: optional(fc.dictionary(word, text, { maxKeys: 2 })),
  finalizers: optional(fc.array(word, { maxLength: 2 })),
});

describe.skipIf(isWithoutCluster("agreement with a real kube-apiserver"))(
  "validate() and a real kube-apiserver",
  () => {
    let cluster: Cluster;

    beforeAll(async () => {
      cluster = await openCluster();
    });

    afterAll(async () => {
      await cluster?.close();
    });

    async function agreeOn(object: object) {
      const sent = JSON.parse(JSON.stringify(object)) as object;
      const errors = validate(bottles, sent).filter(({ message }) => !ONLY_EMBEDDED.test(message));
      const { status, body } = await cluster.api.call("POST", PATH, sent);
      expect([201, 400, 422]).toContain(status);
      const told = JSON.stringify({ sent, ours: errors, theirs: body.message });
      expect(errors.length === 0, told).toBe(status === 201);
    }

    it.each(Object.keys(specs))("agree on any %s", async (field) => {
      const property = fc.asyncProperty(specs[field]!, (spec) => agreeOn({ ...aBottle(), spec }));
      await fc.assert(property, { numRuns: 150 });
    });

    it("agree on any metadata", async () => {
      const property = fc.asyncProperty(metadata, (fields) => agreeOn({ ...aBottle(), metadata: fields }));
      await fc.assert(property, { numRuns: 300 });
    });
  },
);

function aBottle() {
  return { apiVersion: "bot-bottle.dev/v1alpha1", kind: "Bottle", metadata: { name: "agreement" }, spec: {} };
}
