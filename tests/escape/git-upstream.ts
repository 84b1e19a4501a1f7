import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { SecretValue } from "../../sidecars/wire/control.ts";
import { compileRemotes } from "../../sidecars/wire/compile-git.ts";
import type { RemotePolicy } from "../../sidecars/wire/git-policy.ts";
import { startSshd, type Sshd } from "../integration/git-sshd.ts";

const SECRET = { name: "forge", key: "private" };

/** A repository of this machine behind a real sshd, at an address that sidecars reach. */
export interface GitUpstream {
  readonly sshd: Sshd;
  readonly repository: string;
  readonly remote: RemotePolicy;
  readonly secret: SecretValue;
  close(): Promise<void>;
}

export async function startGitUpstream(address: string): Promise<GitUpstream> {
  const folder = mkdtempSync("/tmp/bb-upstream-");
  mkdirSync(join(folder, "ssh"));
  const sshd = await startSshd(join(folder, "ssh"), address);
  const repository = join(folder, "app.git");
  execFileSync("git", ["init", "-q", "--bare", "--initial-branch=main", repository]);
  const url = `ssh://${sshd.user}@${address}:${sshd.port}${repository}`;
  const identity = { secretRef: SECRET };
  const [remote] = compileRemotes({
    remotes: [{ name: "app", url, knownHost: sshd.knownHost, identity }],
  });
  if (remote === undefined) throw new Error("no remote");
  const destinations = [`${address}:${sshd.port}`];
  return {
    sshd,
    repository,
    remote,
    secret: { ...SECRET, version: "1", value: sshd.privateKey, destinations },
    async close() {
      await sshd.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
