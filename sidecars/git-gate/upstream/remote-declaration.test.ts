import { describe, expect, it } from "vitest";
import type { RemotePolicy } from "../../wire/git-policy.ts";
import { checkDeclarations, type RemoteDeclaration, sshDestinationOf } from "./remote-declaration.ts";

const push = {
  branches: ["**"],
  allowForce: false,
  allowDelete: false,
  allowTags: false,
  allowPushOptions: false,
  protectedPaths: [],
  maxObjects: 1,
  maxInflatedBytes: 1,
  maxBlobBytes: 1,
  timeoutMs: 1,
};
const aRemote = (fields: Partial<RemotePolicy> = {}): RemoteDeclaration => ({
  policy: {
    name: "app",
    url: "ssh://git@git.example.com:30009/team/app.git",
    transport: "ssh",
    knownHost: "[git.example.com]:30009 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
    push,
    scan: { rules: [], baseline: [] },
    ...fields,
  },
  secret: undefined,
});
const check = (fields: Partial<RemotePolicy>) => () => checkDeclarations([aRemote(fields)]);

describe("the URL of a remote", () => {
  it.each([
    "ssh://git.example.com/app.git",
    "ssh://git@[::1]:22/~me/app",
    "git@git.example.com:team/app.git",
    "git.example.com:/srv/app.git",
  ])("may be %s", (url) => expect(check({ url })).not.toThrow());

  it.each([
    "https://git.example.com/app.git",
    "ssh://git:hunter2@git.example.com/app.git",
    "ssh://-oProxyCommand=x/app.git",
    "ssh://git@-oProxyCommand=x/app.git",
    "-oProxyCommand=x:app.git",
    "git.example.com:-app",
    "ext::sh -c x",
    "file:///srv/app.git",
    "/srv/app.git",
    "ssh://git.example.com/app.git\n",
    "ssh://git.example.com/a b",
  ])("cannot be %j", (url) => expect(check({ url })).toThrow("the URL of app must be"));

  it.each(["https://git.example.com/team/app.git", "https://git.example.com:8443/app", "https://[::1]/app"])(
    "may be %s for https",
    (url) => expect(check({ url, transport: "https" })).not.toThrow(),
  );

  it.each([
    "ssh://git.example.com/app.git",
    "http://git.example.com/app.git",
    "https://git:hunter2@git.example.com/app.git",
    "https://git.example.com/app.git?x",
    "https://git.example.com/app.git#x",
    "https://git.example.com",
    "https://git.example.com/a b",
  ])("cannot be %j for https", (url) =>
    expect(check({ url, transport: "https" })).toThrow("the URL of app must be https://"),
  );

  it.each([
    ["ssh://git@git.example.com:30009/team/app.git", "-l git -p 30009 -- git.example.com"],
    ["ssh://[::1]/app", "-p 22 -- ::1"],
    ["git@git.example.com:team/app.git", "-l git -p 22 -- git.example.com"],
    ["git.example.com:/srv/app.git", "-p 22 -- git.example.com"],
  ])("%s is logged in to by `ssh %s`", (url, words) => expect(sshDestinationOf(url).join(" ")).toBe(words));

  it("is not in the error: a password may be", () => {
    expect(check({ url: "ssh://git:hunter2@h/x" })).not.toThrow("hunter2");
  });
});

describe("a declaration", () => {
  it.each(["", "..", "A", "a/b", "a.b", "-a", "a".repeat(64)])("is of no remote named %j", (name) =>
    expect(check({ name })).toThrow("is no name for a remote"),
  );

  it("has a name of its own", () => {
    expect(() => checkDeclarations([aRemote(), aRemote()])).toThrow("two remotes are named app");
  });

  it.each([
    "",
    "git.example.com",
    "@cert-authority * ssh-ed25519 AAAA",
    "* ssh-ed25519 AAAA",
    "a ssh-ed25519 AAAA\nb ssh-ed25519 AAAA",
  ])("pins no host by %j", (knownHost) => expect(check({ knownHost })).toThrow("the known host of app"));
});
