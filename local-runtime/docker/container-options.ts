import type { ContainerCreateOptions, HostConfig } from "dockerode";
import type { SandboxRole, SandboxSpec, VolumeMount } from "../../reconcilers/contract/sandbox-runtime.ts";
import { MAKE_LABEL, sandboxLabels } from "./labels.ts";
import { makeOf } from "./make.ts";
import { seccompProfile } from "./seccomp/profile.ts";

/** Where a container finds its network. */
export interface NetworkPlace {
  /** name of the network that leads out, for the sidecars */
  readonly uplink: string;
  /** id of the container whose network namespace the sandbox joins */
  readonly joinedId?: string | undefined;
}

/** User of the airlock and of the sidecars' bundle: one that no person on the machine has. */
export const LINK_UID = 64_001;

/** User of git-gate's process in the sidecars. */
const GIT_GATE_UID = 64_002;

/** User of the agent; the owner of its home. */
const AGENT_UID = 1000;

/** What the sidecars' entry needs to start two users' programs, and to give SETPCAP up before it does. */
const ENTRY_CAPABILITIES = ["CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID"];

/** git-gate's sockets, which the bundle reaches by its group. */
const GATE_SOCKETS = {
  "/run/git-gate": `rw,noexec,nosuid,nodev,size=4m,mode=0750,uid=${GIT_GATE_UID},gid=${GIT_GATE_UID}`,
};

/** Names by which the agent reaches its sidecars; the airlock forwards their ports. */
const LINK_NAMES = ["egress", "git-gate", "supervise"];

/** The sidecars' entry is root's until it has started what runs as other users. */
const USERS: Readonly<Record<SandboxRole, number>> = { agent: AGENT_UID, airlock: LINK_UID, sidecars: 0 };

/**
 * What the engine is asked to create for a sandbox, hardening included.
 *
 * Pure: equal arguments give equal options, so that a container can be compared with what would be made now.
 */
export function containerOptions(
  spec: SandboxSpec,
  instance: string,
  place: NetworkPlace,
): ContainerCreateOptions {
  const options: ContainerCreateOptions = {
    Image: spec.image,
    User: `${USERS[spec.role]}:${USERS[spec.role]}`,
    Env: Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`),
    ...(spec.command === undefined ? {} : { Cmd: [...spec.command] }),
    ...(spec.role === "airlock" ? { Hostname: "bottle" } : {}),
    Tty: false,
    // The sidecars' stdin is the control channel; it stays open when a client goes away.
    OpenStdin: spec.role === "sidecars",
    StdinOnce: false,
    HostConfig: { ...wallsOf(spec), ...limitsOf(spec), ...roleConfig(spec.role, place) },
  };
  return { ...options, Labels: { ...sandboxLabels(spec, instance), [MAKE_LABEL]: makeOf(options) } };
}

function wallsOf({ mounts }: SandboxSpec): HostConfig {
  return {
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges", `seccomp=${JSON.stringify(seccompProfile())}`],
    IpcMode: "private",
    Mounts: mounts.map(mountOf),
    // Only the controller starts things, so that nothing runs that it did not verify.
    RestartPolicy: { Name: "no" },
    Init: true,
  };
}

function mountOf({ volume, path, readOnly }: VolumeMount): NonNullable<HostConfig["Mounts"]>[number] {
  return { Type: "volume", Source: volume, Target: path, ReadOnly: readOnly };
}

/** No limit on open files is set: it would have to be below the engine's own, which no call tells. */
function limitsOf({ resources }: SandboxSpec): HostConfig {
  return {
    PidsLimit: resources.pids,
    Memory: resources.memoryBytes,
    MemorySwap: resources.memoryBytes,
    NanoCpus: Math.round(resources.cpus * 1e9),
    // The engine's default keeps everything, until the disk is full.
    LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
  };
}

function roleConfig(role: SandboxRole, { uplink, joinedId }: NetworkPlace): HostConfig {
  switch (role) {
    case "airlock":
      return {
        NetworkMode: "none",
        ExtraHosts: [...LINK_NAMES, "bottle"].map((name) => `${name}:127.0.0.1`),
        // The airlock answers there. Without it the agent's resolv.conf, which is the airlock's, shows the host's
        // resolver, and without the other the domains that the host looks names up in.
        Dns: ["127.0.0.1"],
        DnsSearch: ["."],
        Sysctls: {
          // Newer engines (26 was tried) give every loopback an IPv6 address, which nothing here looks at.
          "net.ipv6.conf.all.disable_ipv6": "1",
          // for the ports of DNS, https and http; engines set it by themselves, unless they are told not to
          "net.ipv4.ip_unprivileged_port_start": "0",
        },
        ReadonlyRootfs: true,
        Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=1m,mode=1777" },
      };
    case "sidecars":
      return {
        NetworkMode: uplink,
        CapAdd: [...ENTRY_CAPABILITIES],
        Sysctls: {
          "net.ipv4.ip_forward": "0",
          "net.ipv4.conf.all.arp_ignore": "2",
          "net.ipv4.conf.all.accept_source_route": "0",
          "net.ipv6.conf.all.disable_ipv6": "1",
        },
        ReadonlyRootfs: true,
        Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777", ...GATE_SOCKETS },
      };
    case "agent":
      // Provisioning writes into its root file system before the start, so that stays writable.
      return { NetworkMode: joinedId === undefined ? "none" : `container:${joinedId}` };
    default:
      return role satisfies never;
  }
}
