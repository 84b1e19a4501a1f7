import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attackArgv, EscapeLab } from "./escape-bottle.ts";
import type { EscapeBottle, Weakening } from "./escape-bottle.ts";
import { docker } from "../contract/docker-machine.ts";
import { hostAddresses, startHostService } from "./host-service.ts";
import type { HostService } from "./host-service.ts";

/**
 * The agent has no network but loopback. Guarded by `NetworkMode: none` of the airlock and `container:` of the agent
 * (container-options.ts): each attack is also made from a sandbox on a bridge, where it must succeed.
 */

const lab = new EscapeLab();
let bottle: EscapeBottle;
let service: HostService;

beforeAll(async () => {
  await lab.begin();
  bottle = await lab.startBottle();
  service = await startHostService();
}, 900_000);
afterAll(async () => {
  await service.close();
  await lab.end();
});

interface Target {
  readonly kind: "tcp" | "udp" | "icmp" | "raw-icmp";
  readonly host: string;
  readonly port?: number;
  readonly device?: string;
  readonly dontRoute?: boolean;
}
interface Outcome {
  readonly result: string;
  readonly ms: number;
}

const onUplink: Weakening = ({ HostConfig }) => Object.assign(HostConfig, { NetworkMode: lab.uplink });

const reach = async (targets: readonly Target[]): Promise<Outcome[]> =>
  (await bottle.attack("reach", targets)) as Outcome[];
const reachWeakened = async (weaken: Weakening, targets: readonly Target[]): Promise<Outcome[]> =>
  (await lab.attackWeakened(bottle, "agent", weaken, attackArgv("reach", targets))) as Outcome[];
const results = (outcomes: readonly Outcome[]): string[] => [
  ...new Set(outcomes.map(({ result }) => result)),
];

/** the host's address on the sidecars' network */
const gateway = async (): Promise<string> => {
  const { IPAM } = await docker.getNetwork(lab.uplink).inspect();
  return IPAM?.Config?.[0]?.["Gateway"] ?? "no gateway";
};
const tcp = (host: string): Target => ({ kind: "tcp", host, port: service.port });
const udp = (host: string): Target => ({ kind: "udp", host, port: service.port });

describe("from inside the agent", () => {
  it("there is no interface but loopback, and that has no IPv6 address", async () => {
    const { output } = await bottle.output("agent", ["cat", "/proc/net/dev", "/proc/net/if_inet6"]);
    expect(output.match(/^ *[\w.]+:/gm)?.map((name) => name.trim())).toEqual(["lo:"]);
    expect(output).not.toMatch(/^0{31}1/m);

    const seen = await lab.attackWeakened(bottle, "agent", onUplink, [
      "python3",
      "-c",
      "import os,json;print(json.dumps(os.listdir('/sys/class/net')))",
    ]);
    expect(seen).toContain("eth0");
  });

  it("no address of the host answers on TCP, at once", async () => {
    const elsewhere = hostAddresses().filter((address) => !address.startsWith("127.") && address !== "::1");
    expect(elsewhere.length).toBeGreaterThan(1);

    const outcomes = await reach(elsewhere.map(tcp));

    expect(results(outcomes)).toSatisfy((all: string[]) =>
      all.every((result) => ["ENETUNREACH", "EADDRNOTAVAIL", "EINVAL"].includes(result)),
    );
    expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(1_000);
    expect(service.heard).toEqual([]);

    expect(results(await reachWeakened(onUplink, [tcp(await gateway())]))).toEqual(["ok"]);
    expect(service.heard.splice(0)).not.toEqual([]);
  });

  it("the loopback is not the host's", async () => {
    expect(results(await reach([tcp("127.0.0.1"), tcp("127.0.0.53")]))).toEqual(["ECONNREFUSED"]);
    expect(service.heard).toEqual([]);

    const onHost: Weakening = ({ HostConfig }) => Object.assign(HostConfig, { NetworkMode: "host" });
    expect(results(await reachWeakened(onHost, [tcp("127.0.0.1")]))).toEqual(["ok"]);
    expect(service.heard.splice(0)).not.toEqual([]);
  });

  it("UDP does not leave, bound to a device and past the routing table either", async () => {
    const hosts = hostAddresses().filter((address) => !address.includes(":") && !address.startsWith("127."));
    const targets = hosts.flatMap((host) => [
      udp(host),
      { ...udp(host), dontRoute: true },
      { ...udp(host), device: "lo", dontRoute: true },
      { ...udp(host), device: "eth0", dontRoute: true },
    ]);

    const outcomes = await reach(targets);
    await delivered();
    expect(service.heard).toEqual([]);
    expect(results(outcomes.filter((_, index) => targets[index]?.device === undefined))).toEqual([
      "ENETUNREACH",
    ]);

    await reachWeakened(onUplink, [{ ...udp(await gateway()), device: "eth0", dontRoute: true }]);
    await expect.poll(() => service.heard).toContain("escape over udp\n");
    service.heard.length = 0;
  });

  it("ICMP goes nowhere", async () => {
    const ping = { kind: "icmp", host: await gateway() } as const;
    expect(results(await reach([ping, { ...ping, host: "1.1.1.1" }]))).toEqual(["ENETUNREACH"]);
    expect(results(await reach([{ ...ping, kind: "raw-icmp" }]))).toEqual(["EPERM"]);

    expect(results(await reachWeakened(onUplink, [ping]))).toEqual(["ok"]);
  });

  it("raw addresses, the metadata service and IPv6 are unreachable at once", async () => {
    const outcomes = await reach(
      [
        "1.1.1.1",
        "8.8.8.8",
        "169.254.169.254",
        "100.100.100.200",
        "10.0.0.1",
        "192.168.0.1",
        "255.255.255.255",
      ].flatMap((host) => [
        { kind: "tcp", host, port: 80 } as const,
        { kind: "udp", host, port: 53 } as const,
      ]),
    );
    expect(results(outcomes)).toSatisfy((all: string[]) =>
      all.every((result) => ["ENETUNREACH", "EACCES"].includes(result)),
    );
    expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(1_000);

    const six = await reach(
      ["2606:4700:4700::1111", "fd00:ec2::254", "fe80::1%lo", "::1", "::ffff:1.1.1.1"].map((host) => ({
        kind: "tcp" as const,
        host,
        port: 80,
      })),
    );
    expect(results(six)).not.toContain("ok");
    expect(Math.max(...six.map(({ ms }) => ms))).toBeLessThan(1_000);
  });

  it("other bottles are not there: neither their agents nor their sidecars", async () => {
    const other = await lab.startBottle();
    const { NetworkSettings } = await docker.getContainer(other.name("sidecars")).inspect();
    const address = NetworkSettings.Networks[lab.uplink]?.IPAddress ?? "";
    expect(address).toMatch(/^\d+\./);
    const serving = await other.attackOn("listen", [8123]);
    expect(serving.first).toBe("listening");

    const outcomes = await reach([
      { kind: "tcp", host: "127.0.0.1", port: 8123 },
      { kind: "tcp", host: address, port: 8123 },
    ]);

    expect(outcomes.map(({ result }) => result)).toEqual(["ECONNREFUSED", "ENETUNREACH"]);
    await serving.session.kill();
  });
});

describe("from inside the sidecars' network", () => {
  /**
   * Guarded by `enable_icc: false` of the uplink (uplink.ts): on a bridge without it one container reaches the other.
   */
  it("other containers of the uplink are not reachable", async () => {
    const open = await docker.createNetwork({
      Name: `${lab.instance}-open`,
      Labels: { "bot-bottle.dev/instance": lab.instance },
    });
    try {
      const onOpen: Weakening = ({ HostConfig }) =>
        Object.assign(HostConfig, { NetworkMode: `${lab.instance}-open` });
      expect(await neighbourAnswers(onOpen)).toEqual(["ok"]);
      expect(await neighbourAnswers(onUplink)).not.toContain("ok");
    } finally {
      await open.remove();
    }
  });

  async function neighbourAnswers(place: Weakening): Promise<string[]> {
    const options = lab.weakenedOptions(bottle, "agent", (made) => {
      place(made);
      made.Cmd = attackArgv("listen", [8123]);
    });
    const neighbour = await lab.startRaw(options);
    try {
      const { NetworkSettings } = await neighbour.inspect();
      const [network] = Object.values(NetworkSettings.Networks);
      const target = { kind: "tcp", host: network?.IPAddress ?? "", port: 8123 } as const;
      return results(await reachWeakened(place, [target, target]));
    } finally {
      await neighbour.remove({ force: true });
    }
  }
});

/** long enough for a packet on this machine */
const delivered = () => new Promise((resolve) => AbortSignal.timeout(500).addEventListener("abort", resolve));
