import { describe, expect, it } from "vitest";
import { CI_PATHS, type GitRemote } from "../../crds/git-remote.ts";
import { compileRemotes, DEPLOY_KEY_SECRET } from "./compile-git.ts";
import { RemotePolicy } from "./git-policy.ts";

const SSH: GitRemote = {
  name: "app",
  url: "git@git.example.com:team/app.git",
  identity: { secretRef: { name: "git", key: "id" } },
  knownHost: "git.example.com ssh-ed25519 AAAA",
};
const compile = (remote: GitRemote): RemotePolicy => compileRemotes({ remotes: [remote] })[0]!;

describe("compileRemotes", () => {
  it("is empty without remotes", () => {
    expect(compileRemotes({})).toEqual([]);
  });

  it("allows every branch, nothing else, and protects what a forge runs", () => {
    expect(compile(SSH)).toEqual({
      name: "app",
      url: SSH.url,
      transport: "ssh",
      secret: { name: "git", key: "id" },
      knownHost: SSH.knownHost,
      push: {
        branches: ["**"],
        allowForce: false,
        allowDelete: false,
        allowTags: false,
        allowPushOptions: false,
        protectedPaths: CI_PATHS,
        maxObjects: 200_000,
        maxInflatedBytes: 1_073_741_824,
        maxBlobBytes: 33_554_432,
        timeoutMs: 300_000,
      },
      scan: { rules: [], baseline: [] },
    });
  });

  it("keeps what is written, an empty list too", () => {
    const push = { branches: [], protectedPaths: [], allowTags: true };
    const scan = { rules: [{ name: "ours", pattern: "acme" }], baseline: [{ rule: "x", path: "tests/**" }] };

    expect(compile({ ...SSH, push, scan })).toMatchObject({ push: { ...push, allowForce: false }, scan });
  });

  it("is of https without a secret when there is none", () => {
    const policy = compile({ name: "app", url: "https://git.example.com/team/app.git" });

    expect(policy).toMatchObject({ transport: "https" });
    expect(Object.keys(policy)).not.toContain("secret");
  });

  it("never hands on the API token of a forge", () => {
    expect(compile({ ...SSH, keyProvider: "gitea" }).secret).toEqual({
      name: DEPLOY_KEY_SECRET,
      key: "app",
    });
  });

  it("is what the wire takes", () => {
    expect(RemotePolicy.parse(compile(SSH))).toEqual(compile(SSH));
  });
});
