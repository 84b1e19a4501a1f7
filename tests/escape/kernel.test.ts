import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seccompProfile } from "../../local-runtime/docker/seccomp/profile.ts";
import { attackArgv, EscapeLab } from "./escape-bottle.ts";
import type { EscapeBottle, Weakening } from "./escape-bottle.ts";

/**
 * What the kernel lets the agent ask for. Guarded by the seccomp profile (seccomp/), `CapDrop: ALL` and
 * `no-new-privileges` of container-options.ts.
 */

const lab = new EscapeLab();
let bottle: EscapeBottle;

beforeAll(async () => {
  await lab.begin();
  bottle = await lab.startBottle();
}, 900_000);
afterAll(() => lab.end());

const secured =
  (...SecurityOpt: readonly string[]): Weakening =>
  ({ HostConfig }) =>
    Object.assign(HostConfig, { SecurityOpt });
const unfiltered = secured("no-new-privileges", "seccomp=unconfined");
/** no option: the engine's own profile */
const engineDefault = secured("no-new-privileges");

type Outcomes = Readonly<Record<string, string>>;

const weakened = async (weaken: Weakening, attack: string): Promise<Outcomes> =>
  (await lab.attackWeakened(bottle, "agent", weaken, attackArgv(attack))) as Outcomes;

describe("system calls", () => {
  let ours: Outcomes;
  beforeAll(async () => {
    ours = (await bottle.attack("kernel")) as Outcomes;
  });

  it("that an agent needs work", () => {
    const { unix, inet, inet6, netlinkRoute, clonePlain } = ours;
    expect({ unix, inet, inet6, netlinkRoute, clonePlain }).toEqual({
      unix: "ok",
      inet: "ok",
      inet6: "ok",
      netlinkRoute: "ok",
      clonePlain: "ok",
    });
  });

  it.each([
    ...["packet", "vsock", "xdp", "alg", "netlinkGeneric", "rawInet"],
    ...["ioUring", "ptrace", "mount", "bpf", "keyctl", "userfaultfd", "perf", "readProcess"],
    ...["unshareUser", "unshareUserNet", "cloneUser"],
  ])("%s is refused", (name) => {
    expect(ours[name]).toBe("EPERM");
  });

  it("clone3 does not exist, so that libc falls back on what can be filtered", () => {
    expect(ours.clone3).toBe("ENOSYS");
  });

  /** Guarded by the profile's having no architecture but the machine's own. */
  it.runIf(process.arch === "x64")(
    "of another ABI, where numbers mean other calls, end the process",
    async () => {
      const { vsock32, socketcall32, vsockX32 } = ours;
      expect({ vsock32, socketcall32, vsockX32 }).toEqual({
        vsock32: "killed",
        socketcall32: "killed",
        vsockX32: "killed",
      });

      const everyAbi = {
        ...seccompProfile(),
        architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
      };
      const seen = await weakened(secured(`seccomp=${JSON.stringify(everyAbi)}`), "kernel");
      for (const name of ["vsock32", "socketcall32", "vsockX32"])
        expect([name, seen[name]]).not.toEqual([name, "killed"]);
    },
  );

  it("without the filter the same attacks are answered by the kernel, or work", async () => {
    const open = await weakened(unfiltered, "kernel");
    for (const name of [
      "ioUring",
      "unshareUser",
      "unshareUserNet",
      "cloneUser",
      "netlinkGeneric",
      "ptrace",
    ]) {
      expect([name, open[name]]).toEqual([name, "ok"]);
    }
    // Not every kernel has these; what counts is that nobody but the filter refused them.
    for (const name of ["vsock", "alg", "clone3", "keyctl"])
      expect([name, open[name]]).not.toEqual([name, "EPERM"]);
  });

  it("packet and raw sockets stay closed without the filter, by the missing capabilities", async () => {
    expect(await weakened(unfiltered, "kernel")).toMatchObject({ packet: "EPERM", rawInet: "EPERM" });

    const withRaw: Weakening = (options) => {
      unfiltered(options);
      options.User = "0:0";
      Object.assign(options.HostConfig, { CapDrop: [], CapAdd: ["NET_RAW"] });
    };
    expect(await weakened(withRaw, "kernel")).toMatchObject({ packet: "ok", rawInet: "ok" });
  });
});

describe("io_uring", () => {
  it("would open a socket past a filter that only looks at socket(), and is not there", async () => {
    const profile = seccompProfile();
    const rings = { names: ["io_uring_setup", "io_uring_enter"], action: "SCMP_ACT_ALLOW" };
    const socketOnly = secured(
      `seccomp=${JSON.stringify({ ...profile, syscalls: [...profile.syscalls, rings] })}`,
    );

    expect(await bottle.attack("io_uring_socket")).toEqual({ step: "io_uring_setup", result: "EPERM" });

    const seen = await weakened(socketOnly, "io_uring_socket");
    expect(seen.step).toBe("socket");
    expect(seen.result).not.toBe("EPERM");
  });
});

describe("our seccomp profile and the engine's", () => {
  it("ours refuses every call that the engine's default refuses", async () => {
    const ours = (await bottle.attack("sweep")) as Outcomes;
    const [standard, open] = [await weakened(engineDefault, "sweep"), await weakened(unfiltered, "sweep")];

    // A call is refused by a filter when the same call without a filter is answered in another way.
    const refused = (seen: Outcomes): string[] =>
      Object.keys(open).filter(
        (call) => ["EPERM", "ENOSYS"].includes(seen[call] ?? "") && seen[call] !== open[call],
      );

    expect(refused(standard).length).toBeGreaterThan(10);
    expect(refused(ours)).toEqual(expect.arrayContaining(refused(standard)));
    expect(refused(ours).length).toBeGreaterThan(refused(standard).length);
  });

  it("ours refuses the arguments that the engine's default refuses", async () => {
    const [ours, standard] = [
      (await bottle.attack("kernel")) as Outcomes,
      await weakened(engineDefault, "kernel"),
    ];
    const looser = Object.keys(standard).filter((name) => standard[name] === "EPERM" && ours[name] === "ok");
    expect(looser).toEqual([]);
  });
});

describe("rights", () => {
  const status = async (read: () => Promise<{ readonly output: string }>): Promise<Outcomes> =>
    Object.fromEntries(
      (await read()).output.split("\n").map((line) => line.split(/:\s+/, 2) as [string, string]),
    );

  // what runs in the sidecars has users of its own: git.test.ts
  it.each(["airlock", "agent"] as const)(
    "%s has no capability, cannot gain one, and is not root",
    async (role) => {
      const seen = await status(() => bottle.output(role, ["cat", "/proc/self/status"]));

      expect(seen).toMatchObject({ NoNewPrivs: "1", Seccomp: "2" });
      for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
        expect([set, seen[set]]).toEqual([set, "0000000000000000"]);
      }
      expect(seen.Uid).toMatch(role === "agent" ? /^1000\b/ : /^64001\b/);
    },
  );

  it("a setgid program gives nothing; without no-new-privileges it reads what is not the agent's", async () => {
    // It is the filter that stops this program first, so it is off in both.
    const readShadow = ["sh", "-c", "chage --list node >/dev/null 2>&1 && echo 1 || echo 0"];
    const privileged = secured("seccomp=unconfined");

    expect(await bottle.run("agent", readShadow)).toBe(0);
    expect(await lab.attackWeakened(bottle, "agent", unfiltered, readShadow)).toBe(0);
    expect(await lab.attackWeakened(bottle, "agent", privileged, readShadow)).toBe(1);
  });
});
