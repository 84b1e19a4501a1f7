import type { ContainerCreateOptions, ContainerInspectInfo, HostConfig } from "dockerode";
import { describe, expect, it } from "vitest";
import { SANDBOX_ROLES } from "../../reconcilers/contract/sandbox-runtime.ts";
import type { SandboxRole } from "../../reconcilers/contract/sandbox-runtime.ts";
import { anOwner, aSandboxSpec } from "../../tests/builders.ts";
import { containerOptions } from "./container-options.ts";
import { makeOf } from "./make.ts";

const optionsOf = (role: SandboxRole): ContainerCreateOptions =>
  containerOptions(
    aSandboxSpec(anOwner(), role, {
      mounts: [{ volume: "v", path: "/run/bb", readOnly: role === "airlock" }],
    }),
    "test",
    { uplink: "uplink", joinedId: role === "agent" ? "0123" : undefined },
  );

/** what an engine says of a container: the options, and "nothing" in many spellings for what was not given */
function inspected(options: ContainerCreateOptions, changed: Partial<HostConfig> = {}): ContainerInspectInfo {
  const { HostConfig, Image, ...Config } = options;
  const nothing = {
    Binds: null,
    CapAdd: [],
    Privileged: false,
    PidMode: "",
    UTSMode: "",
    Devices: [],
    PortBindings: {},
  };
  const Mounts = HostConfig?.Mounts?.map((mount) => ({
    ...mount,
    VolumeOptions: { DriverConfig: {} },
    ...(mount.ReadOnly ? {} : { ReadOnly: undefined }),
  }));
  return {
    Image,
    Config,
    HostConfig: { ...nothing, ...HostConfig, Mounts, ...changed },
  } as unknown as ContainerInspectInfo;
}

describe("makeOf", () => {
  it.each(SANDBOX_ROLES)(
    "is the same for the options of the %s and for what the engine says of it",
    (role) => {
      const options = optionsOf(role);
      expect(makeOf(inspected(options))).toBe(makeOf(options));
    },
  );

  const weaker: Partial<HostConfig>[] = [
    { Privileged: true },
    { CapDrop: [] },
    { CapAdd: ["NET_RAW"] },
    { SecurityOpt: ["no-new-privileges"] },
    { NetworkMode: "bridge" },
    { PidMode: "host" },
    { Binds: ["/:/host"] },
    { Mounts: [] },
    { ReadonlyRootfs: false },
    { Devices: [{ PathOnHost: "/dev/kvm" }] },
    { PortBindings: { "80/tcp": [{ HostPort: "80" }] } },
    { Sysctls: {} },
  ];
  it.each(weaker.map((change) => [Object.keys(change)[0], change] as const))(
    "is another with another %s",
    (_key, change) => {
      const options = optionsOf("airlock");
      expect(makeOf(inspected(options, change))).not.toBe(makeOf(options));
    },
  );

  it("is another with another image or user", () => {
    const options = optionsOf("sidecars");
    expect(makeOf({ ...options, Image: "sha256:other" })).not.toBe(makeOf(options));
    expect(makeOf({ ...options, User: "64001:64001" })).not.toBe(makeOf(options));
  });
});
