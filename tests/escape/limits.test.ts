import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { docker } from "../contract/docker-machine.ts";
import { EscapeLab } from "./escape-bottle.ts";
import type { EscapeBottle, Weakening } from "./escape-bottle.ts";

/** What one sandbox can use up, and what it can change of itself. */

const lab = new EscapeLab();
let bottle: EscapeBottle;

beforeAll(async () => {
  await lab.begin();
  bottle = await lab.startBottle();
}, 900_000);
afterAll(() => lab.end());

const small = 128 * 1024 * 1024;

/** forks until it cannot; prints how often it could */
const FORK = `
import json, os, signal, time
children = []
try:
    while len(children) < 400:
        pid = os.fork()
        if pid == 0: time.sleep(60); os._exit(0)
        children.append(pid)
except OSError: pass
for pid in children: os.kill(pid, signal.SIGKILL)
print(json.dumps(len(children)))
`;

/** takes memory in a child until that ends; prints by which signal, 0 when 256 MiB were no problem */
const TAKE_MEMORY = `
import json, os
pid = os.fork()
if pid == 0: x = bytearray(os.urandom(1 << 20)) * 256; os._exit(0)
print(json.dumps(os.waitpid(pid, 0)[1] & 127))
`;

describe("the agent", () => {
  const limited: Weakening = ({ HostConfig }) =>
    Object.assign(HostConfig, { PidsLimit: 100, Memory: small, MemorySwap: small });

  it("has the limits of its spec", async () => {
    const { HostConfig } = await docker.getContainer(bottle.name("agent")).inspect();
    const { pids, memoryBytes, cpus } = bottle.parts.sandboxes.agent.resources;
    expect(HostConfig).toMatchObject({
      PidsLimit: pids,
      Memory: memoryBytes,
      MemorySwap: memoryBytes,
      NanoCpus: cpus * 1e9,
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
    });
  });

  it("cannot fork without end", async () => {
    const argv = ["python3", "-c", FORK];
    expect(await lab.attackWeakened(bottle, "agent", limited, argv)).toBeLessThan(100);
    expect(await bottle.run("agent", argv)).toBe(400);
  });

  it("cannot take more memory than it has, swap included", async () => {
    const argv = ["python3", "-c", TAKE_MEMORY];
    expect(await lab.attackWeakened(bottle, "agent", limited, argv)).toBe(9);
    expect(await bottle.run("agent", argv)).toBe(0);
  });
});

describe.each(["airlock", "sidecars"] as const)("the %s", (role) => {
  /** Guarded by `ReadonlyRootfs` and the options of /tmp. */
  it("can write to its /tmp and nowhere else, and run nothing from there", async () => {
    const script = [...["sh", "-c", "touch /var/tmp/x 2>/dev/null && echo 1 || echo 0"]];
    expect(await bottle.run(role, script)).toBe(0);
    const run = ["sh", "-c", "cp /bin/true /tmp/x && /tmp/x 2>/dev/null && echo 1 || echo 0"];
    expect(await bottle.run(role, run)).toBe(0);

    const open: Weakening = (options) => {
      Object.assign(options.HostConfig, { ReadonlyRootfs: false, Tmpfs: {} });
      options.Entrypoint = ["sleep"];
      options.Cmd = ["60"];
    };
    expect(await lab.attackWeakened(bottle, role, open, script)).toBe(1);
    expect(await lab.attackWeakened(bottle, role, open, run)).toBe(1);
  });
});

describe("sysctls of the sidecars", () => {
  it("forward nothing and speak no IPv6", async () => {
    const { output } = await bottle.output("sidecars", [
      ...[
        "sh",
        "-c",
        "cd /proc/sys/net; cat ipv4/ip_forward ipv4/conf/all/arp_ignore ipv4/conf/all/accept_source_route ipv6/conf/all/disable_ipv6",
      ],
    ]);
    expect(output.trim().split("\n")).toEqual(["0", "2", "0", "1"]);
  });
});

describe("use of inotify", () => {
  /** Guarded by the uid of the sidecars: instances are counted by user of the host. */
  it("by the agent leaves the sidecars' alone", async () => {
    const exhaust = `
import ctypes, json
libc = ctypes.CDLL(None)
taken = 0
while taken < 5000 and libc.inotify_init() >= 0: taken += 1
print(json.dumps(taken), flush=True)
`;
    const hold = ["python3", "-c", `${exhaust}\nimport time\ntime.sleep(60)`];
    const holding = await lab.adapters.exec.exec(
      bottle.name("agent"),
      { argv: hold, tty: false, stdin: false },
      new AbortController().signal,
    );
    await new Promise((resolve) => holding.stdout.once("data", resolve));

    const one = [
      "python3",
      "-c",
      "import ctypes,json;print(json.dumps(int(ctypes.CDLL(None).inotify_init() >= 0)))",
    ];
    expect(await bottle.run("sidecars", one)).toBe(1);
    const sameUser: Weakening = (options) => {
      options.User = "1000:1000";
      options.Entrypoint = ["sleep"];
      options.Cmd = ["60"];
    };
    expect(await lab.attackWeakened(bottle, "sidecars", sameUser, one)).toBe(0);
    await holding.kill();
  });
});
