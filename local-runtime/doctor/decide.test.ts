import { describe, expect, it } from "vitest";
import { decideChecks } from "./decide.ts";
import type { EngineFacts, EngineState, Facts, MachineFacts, StateFolderFacts } from "./facts.ts";

const GIB = 2 ** 30;

const machine: MachineFacts = {
  platform: "linux",
  uid: 1000,
  nodeVersion: "24.21.0",
  debianLike: true,
  init: "systemd",
  dockerd: "/usr/sbin/dockerd",
  dockerRunning: false,
  npm: "/usr/bin/npm",
  kubectl: undefined,
};

const engine: EngineFacts = {
  version: "28.1.0",
  apiVersion: "1.49",
  operatingSystem: "linux",
  cgroupVersion: "2",
  storageDriver: "overlay2",
  securityOptions: ["name=seccomp,profile=builtin", "name=cgroupns"],
  rootFolder: "/var/lib/docker",
  limits: { memory: true, pids: true, cpu: true },
  forwardsIpv4: true,
  answeredInMs: 12,
};

const healthy: Facts = {
  socketPath: "/var/run/docker.sock",
  machine,
  engine: { kind: "answers", facts: engine },
  disks: [{ holds: "Docker", path: "/var/lib/docker", freeBytes: 50 * GIB }],
  caFiles: [{ variable: "NODE_EXTRA_CA_CERTS", path: "/ca.pem", certificates: 1 }],
  stateFolder: {
    path: "/state",
    state: { kind: "present", mode: 0o40700, ours: true, isFolder: true },
    controlPlanes: [7],
  },
  images: [{ name: "airlock", present: true }],
};

/** The line of one name. */
const lineOf = (facts: Facts, name: string) => decideChecks(facts).find((check) => check.name === name);

const withEngine = (more: Partial<EngineFacts>): Facts => ({
  ...healthy,
  engine: { kind: "answers", facts: { ...engine, ...more } },
});
const without = (state: EngineState, more: Partial<MachineFacts> = {}): Facts => ({
  ...healthy,
  engine: state,
  machine: { ...machine, ...more },
  images: undefined,
});
const withState = (more: Partial<StateFolderFacts>): Facts => ({
  ...healthy,
  stateFolder: { ...healthy.stateFolder, ...more },
});

describe("decideChecks", () => {
  it("finds nothing to do on a healthy machine", () => {
    const checks = decideChecks(healthy);
    expect(checks.filter(({ status }) => status !== "ok")).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual([
      ...["node", "disk for Docker", "state folder", "control plane", "CA file of NODE_EXTRA_CA_CERTS"],
      ...["docker", "docker version", "seccomp", "docker storage", "cgroups", "network", "images", "kubectl"],
    ]);
  });

  it("says what to do on every line that is not well", () => {
    const facts: Facts[] = [
      withEngine({ version: "20.10", storageDriver: "vfs", securityOptions: [], forwardsIpv4: false }),
      without({ kind: "silent" }),
      withState({ controlPlanes: [1, 2] }),
      { ...healthy, images: [{ name: "airlock", present: false }] },
    ];
    const ill = facts.flatMap(decideChecks).filter(({ status }) => status !== "ok");
    expect(ill.length).toBeGreaterThanOrEqual(7);
    for (const { todo } of ill) expect(todo).toMatch(/\w{3}/);
  });

  const noSocket = { kind: "noSocket" } as const;
  const absent = { dockerd: undefined };
  it.each<{
    name: string;
    state: EngineState;
    machine?: Partial<MachineFacts>;
    todo: RegExp;
    repair?: string;
  }>([
    {
      name: "is not installed, root",
      state: noSocket,
      machine: { ...absent, uid: 0 },
      todo: /apt-get/,
      repair: "installDocker",
    },
    { name: "is not installed, no root", state: noSocket, machine: absent, todo: /sudo apt-get install/ },
    {
      name: "is not installed, no Debian",
      state: noSocket,
      machine: { ...absent, debianLike: false, uid: 0 },
      todo: /package manager/,
    },
    {
      name: "is not installed, a Mac",
      state: noSocket,
      machine: { ...absent, platform: "darwin" },
      todo: /Docker Desktop/,
    },
    {
      name: "does not run, no init",
      state: noSocket,
      machine: { uid: 0, init: "none" },
      todo: /dockerd/,
      repair: "startDocker",
    },
    {
      name: "left its socket, root",
      state: { kind: "nobodyListens" },
      machine: { uid: 0 },
      todo: /systemctl/,
      repair: "startDocker",
    },
    { name: "does not run, no root", state: noSocket, todo: /sudo systemctl start docker/ },
    {
      name: "runs elsewhere, root",
      state: noSocket,
      machine: { uid: 0, dockerRunning: true },
      todo: /DOCKER_HOST/,
    },
    { name: "is not ours to use", state: { kind: "noRights" }, todo: /group docker/ },
    {
      name: "hangs, root",
      state: { kind: "silent" },
      machine: { uid: 0, dockerRunning: true },
      todo: /restart/,
    },
    {
      name: "answers nonsense, root",
      state: { kind: "broken", message: "500" },
      machine: { uid: 0 },
      todo: /restart/,
    },
  ])("fails when Docker $name", ({ state, machine: more, todo, repair }) => {
    const check = lineOf(without(state, more), "docker");
    expect(check).toMatchObject({ status: "fail", todo: expect.stringMatching(todo) as string });
    expect(check?.repair).toBe(repair);
  });

  it.each<[string, Partial<EngineFacts>, string, string]>([
    ["docker", { answeredInMs: 3_000 }, "warn", "3000 ms"],
    ["docker version", { version: "20.10.24+dfsg1", apiVersion: "1.41" }, "warn", "20.10.24"],
    ["docker version", { version: "26.0.0", apiVersion: "1.45" }, "ok", "26.0.0"],
    ["docker version", { version: "19.3", apiVersion: "1.40" }, "fail", "1.40"],
    ["docker version", { operatingSystem: "windows" }, "fail", "windows"],
    ["seccomp", { securityOptions: ["name=apparmor"] }, "fail", "cannot filter"],
    ["docker storage", { storageDriver: "vfs" }, "warn", "vfs"],
    ["cgroups", { limits: { memory: true, pids: false, cpu: false } }, "fail", "pids, cpu"],
    ["network", { forwardsIpv4: false }, "fail", "forward"],
  ])("judges %s by %o", (name, more, status, found) => {
    expect(lineOf(withEngine(more), name)).toMatchObject({
      status,
      found: expect.stringContaining(found) as string,
    });
  });

  it.each([
    [1 * GIB, "fail"],
    [5 * GIB, "warn"],
    [9 * GIB, "ok"],
  ])("judges %i free bytes", (freeBytes, status) => {
    const disks = [{ holds: "Docker", path: "/d", freeBytes }];
    expect(lineOf({ ...healthy, disks }, "disk for Docker")?.status).toBe(status);
  });

  it.each<[StateFolderFacts["state"], string, string | undefined]>([
    [{ kind: "absent", parentWritable: true }, "ok", undefined],
    [{ kind: "absent", parentWritable: false }, "fail", undefined],
    [{ kind: "present", mode: 0o100700, ours: true, isFolder: false }, "fail", undefined],
    [{ kind: "present", mode: 0o40700, ours: false, isFolder: true }, "fail", undefined],
    [{ kind: "present", mode: 0o40755, ours: true, isFolder: true }, "fail", "closeStateFolder"],
  ])("judges a state folder that is %o", (state, status, repair) => {
    const check = lineOf(withState({ state }), "state folder");
    expect([check?.status, check?.repair]).toEqual([status, repair]);
  });

  it("fails for two control planes on one state folder", () => {
    expect(lineOf(withState({ controlPlanes: [] }), "control plane")?.status).toBe("ok");
    expect(lineOf(withState({ controlPlanes: [7, 8] }), "control plane")).toMatchObject({
      status: "fail",
      found: expect.stringContaining("7, 8") as string,
    });
  });

  it.each([
    [undefined, "fail"],
    [0, "fail"],
    [2, "ok"],
  ])("judges a CA file with %s certificates", (certificates, status) => {
    const caFiles = [{ variable: "X", path: "/x", certificates }];
    expect(lineOf({ ...healthy, caFiles }, "CA file of X")?.status).toBe(status);
  });

  it("builds images that are missing, unless nothing could fetch what they are made of", () => {
    const images = [{ name: "airlock", present: false }];
    expect(lineOf({ ...healthy, images }, "images")).toMatchObject({ status: "warn", repair: "buildImages" });
    const noNpm = { ...healthy, images, machine: { ...machine, npm: undefined } };
    expect(lineOf(noNpm, "images")).toMatchObject({
      status: "fail",
      todo: expect.stringContaining("npm") as string,
    });
  });

  it("fails for an old Node and does without kubectl", () => {
    const old = { ...healthy, machine: { ...machine, nodeVersion: "20.20.2" } };
    expect(lineOf(old, "node")?.status).toBe("fail");
    expect(lineOf(healthy, "kubectl")?.status).toBe("ok");
  });
});
