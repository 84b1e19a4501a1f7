import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** git gives the command to a shell: nothing in it may need quoting */
const SAFE_PATH = /^\/[A-Za-z0-9_./-]+$/;

/**
 * Writes how ssh reaches one remote, and returns the command for GIT_SSH_COMMAND: one pinned host key, one agent, and
 * nothing of the user's or the system's.
 */
export function writeSshConfig(folder: string, knownHost: string, agentSocket: string): string {
  for (const path of [folder, agentSocket]) {
    if (!SAFE_PATH.test(path)) throw new Error(`${path} has a character that a path here must not have`);
  }
  const knownHosts = join(folder, "known_hosts");
  const config = join(folder, "ssh_config");
  writeFileSync(knownHosts, `${knownHost}\n`, { mode: 0o600 });
  const lines = [
    "Host *",
    "StrictHostKeyChecking yes",
    `UserKnownHostsFile ${knownHosts}`,
    "GlobalKnownHostsFile /dev/null",
    "UpdateHostKeys no",
    "VerifyHostKeyDNS no",
    `IdentityAgent ${agentSocket}`,
    "IdentityFile none",
    "PreferredAuthentications publickey",
    "BatchMode yes",
    "ClearAllForwardings yes",
    "ForwardAgent no",
    "ControlMaster no",
    "ControlPath none",
    "RequestTTY no",
    "ConnectTimeout 10",
    "ServerAliveInterval 10",
    "ServerAliveCountMax 3",
    "LogLevel ERROR",
  ];
  writeFileSync(config, `${lines.join("\n")}\n`, { mode: 0o600 });
  return `ssh -F ${config}`;
}
