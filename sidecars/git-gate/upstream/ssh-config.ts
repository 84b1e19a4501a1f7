import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** git and ssh give words to a shell or expand them: nothing in a path may need quoting */
const SAFE_PATH = /^\/[A-Za-z0-9_./-]+$/;

/** Throws on a path that a shell would not take as it is. */
export function assertSafePath(path: string): void {
  if (!SAFE_PATH.test(path)) throw new Error(`${path} has a character that a path here must not have`);
}

/** Where ssh finds everything of one remote. */
export interface SshFiles {
  readonly config: string;
  /** of the agent that holds the key */
  readonly agentSocket: string;
}

/** What ssh's files are called in a folder of the remote's own. */
export function sshFilesIn(folder: string): SshFiles {
  assertSafePath(folder);
  return { config: join(folder, "ssh_config"), agentSocket: join(folder, "agent") };
}

/** Writes how ssh reaches one remote: one pinned host key, one agent, and nothing of the user's or the system's. */
export function writeSshConfig(folder: string, files: SshFiles, knownHost: string): void {
  const knownHosts = join(folder, "known_hosts");
  writeFileSync(knownHosts, `${knownHost}\n`, { mode: 0o600 });
  const lines = [
    "Host *",
    "StrictHostKeyChecking yes",
    `UserKnownHostsFile ${knownHosts}`,
    "GlobalKnownHostsFile /dev/null",
    "UpdateHostKeys no",
    "VerifyHostKeyDNS no",
    `IdentityAgent ${files.agentSocket}`,
    "IdentityFile none",
    "PreferredAuthentications publickey",
    "BatchMode yes",
    "ClearAllForwardings yes",
    "ForwardAgent no",
    "ControlMaster no",
    "ControlPath none",
    "ControlPersist no",
    "RequestTTY no",
    // what shares a login sends only what the login's own ssh may send: without it, git speaks its oldest protocol
    "SendEnv GIT_PROTOCOL",
    "ConnectTimeout 10",
    "ServerAliveInterval 5",
    "ServerAliveCountMax 3",
    "LogLevel ERROR",
  ];
  writeFileSync(files.config, `${lines.join("\n")}\n`, { mode: 0o600 });
}
