import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { connection, docker } from "../contract/docker-machine.ts";
import { runExec } from "../../local-runtime/docker/engine-exec.ts";
import { isInDeadNamespace, partsOf } from "../../reconcilers/bottle/parts.ts";
import type { LinkReport } from "../../reconcilers/contract/sandbox-runtime.ts";
import { attackArgv, EscapeLab } from "./escape-bottle.ts";
import type { EscapeBottle, Weakening } from "./escape-bottle.ts";

/** The link: ports on the agent's loopback, the airlock that holds them, sockets behind it. */

const PROBE_PORT = 9098;
/** where the airlock takes connections */
const PLACES = [
  ["127.0.0.1", 9099],
  ["127.0.0.1", 9420],
  ["127.0.0.1", 9100],
  ["127.0.0.1", 53],
  ["127.9.9.9", 443],
  ["127.9.9.9", 80],
] as const;
const SOCKETS = [
  ...[...PLACES, ["127.0.0.1", PROBE_PORT]].map(([address, port]) => ["tcp", address, port]),
  ["udp", "127.0.0.1", 53],
];
const PORTS = PLACES.map(([, port]) => port).toSorted((one, other) => one - other);
/** connections that the airlock lets one agent hold: 64 for DNS, 256 for each of the others */
const MOST_CONNECTIONS = 5 * 256 + 64;

const lab = new EscapeLab();
const signal = new AbortController().signal;

beforeAll(() => lab.begin(), 900_000);
afterAll(() => lab.end());

const probeArgv = (): string[] => ["/opt/bot-bottle/airlock/probe", randomBytes(16).toString("hex"), "0"];
/** what the probe sees from an airlock that is not the product's */
const probeFrom = async (airlock: string): Promise<LinkReport> =>
  JSON.parse((await runExec(connection, airlock, probeArgv(), signal)).output) as LinkReport;
const killAirlock = async (bottle: EscapeBottle): Promise<void> => {
  await docker.getContainer(bottle.name("airlock")).kill();
};
const partsNow = async (bottle: EscapeBottle) =>
  partsOf(await lab.adapters.runtime.listOf(bottle.owner.uid, signal));

describe("the sockets", () => {
  let bottle: EscapeBottle;
  beforeAll(async () => {
    bottle = await lab.startBottle();
  });

  it("are not in the agent's sandbox", async () => {
    const { output } = await bottle.output("agent", [
      "sh",
      "-c",
      "ls -la /run/bb; grep -c sock /proc/self/mountinfo",
    ]);
    expect(output).toMatch(/No such file/);
    expect(output).toMatch(/^0$/m);
  });

  /** Guarded by mode 0700 and the uid of the sockets volume (volumes.ts): with the agent's own uid it gets in. */
  it("would not open for the agent's user if they were", async () => {
    const script = ["sh", "-c", "ls /run/bb >/dev/null 2>&1 && echo 1 || echo 0"];
    const [mounted, sameUser]: Weakening[] = [
      ({ HostConfig }) => Object.assign(HostConfig, { Mounts: socketsMount(bottle, true) }),
      (options) => {
        Object.assign(options.HostConfig, { Mounts: socketsMount(bottle, true) });
        options.User = "64001:64001";
      },
    ];
    expect(await lab.attackWeakened(bottle, "agent", mounted as Weakening, script)).toBe(0);
    expect(await lab.attackWeakened(bottle, "agent", sameUser as Weakening, script)).toBe(1);
  });

  /** Guarded by the read-only mount of the airlock: a writable one lets it move a socket out of the way. */
  it("cannot be replaced or removed from the airlock either", async () => {
    const script = [
      "sh",
      "-c",
      "mv /run/bb/egress.sock /run/bb/x 2>/dev/null && mv /run/bb/x /run/bb/egress.sock && echo 1 || echo 0",
    ];
    const writable: Weakening = (options) => {
      Object.assign(options.HostConfig, { Mounts: socketsMount(bottle, false) });
      options.Entrypoint = ["sleep"];
      options.Cmd = ["60"];
    };
    expect(await bottle.run("airlock", script)).toBe(0);
    expect(await lab.attackWeakened(bottle, "airlock", writable, script)).toBe(1);
    expect(await bottle.isLinked()).toBe(true);
  });

  const socketsMount = ({ parts }: EscapeBottle, ReadOnly: boolean) => [
    { Type: "volume", Source: parts.volumes.sockets.name, Target: "/run/bb", ReadOnly },
  ];
});

describe("the ports", () => {
  it("cannot be taken by the agent while the airlock lives, shared neither", async () => {
    const bottle = await lab.startBottle();
    const outcomes = (await bottle.attack("bind", SOCKETS)) as Record<string, string>;
    expect(Object.keys(outcomes).length).toBe(6 * SOCKETS.length);
    expect(new Set(Object.values(outcomes))).toEqual(new Set(["EADDRINUSE"]));

    // The same attack where nobody holds the ports: an airlock that forwards nothing.
    const idle: Weakening = (options) => {
      options.Entrypoint = ["sleep"];
      options.Cmd = ["60"];
    };
    const alone = lab.weakenedOptions(bottle, "airlock", idle);
    const airlock = await lab.startRaw(alone);
    const joined: Weakening = ({ HostConfig }) =>
      Object.assign(HostConfig, { NetworkMode: `container:${airlock.id}` });
    const argv = attackArgv("bind", SOCKETS);
    const free = (await lab.attackWeakened(bottle, "agent", joined, argv)) as Record<string, string>;
    await airlock.remove({ force: true });
    expect(new Set(Object.values(free))).toEqual(new Set(["ok"]));
  });

  it("leave 80 and 443 of 127.0.0.1 to what the agent serves itself", async () => {
    const bottle = await lab.startBottle();
    const own = [80, 443].map((port) => ["tcp", "127.0.0.1", port]);
    const outcomes = Object.entries((await bottle.attack("bind", own)) as Record<string, string>);
    const outcomesOf = (address: string) =>
      new Set(outcomes.filter(([place]) => place.includes(` ${address} `)).map(([, outcome]) => outcome));
    expect([outcomesOf("127.0.0.1"), outcomesOf("0.0.0.0")]).toEqual([
      new Set(["ok"]),
      new Set(["EADDRINUSE"]),
    ]);
  });

  /** Guarded by the probe's look at the owners of the listeners (images/airlock/probe). */
  it("held by anybody but the airlock's user are reported, held by nobody too", async () => {
    const bottle = await lab.startBottle();
    const late: Weakening = (options) => {
      options.Entrypoint = ["sleep"];
      options.Cmd = ["600"];
    };
    const airlock = await lab.startRaw(lab.weakenedOptions(bottle, "airlock", late));
    const squatter = await lab.startRaw(
      lab.weakenedOptions(bottle, "agent", (options) => {
        Object.assign(options.HostConfig, { NetworkMode: `container:${airlock.id}` });
        options.Cmd = attackArgv("impostor");
      }),
    );
    await expect.poll(async () => (await probeFrom(airlock.id)).answered).toBe(true);
    expect(await probeFrom(airlock.id)).toEqual({
      answered: true,
      foreignListeners: PORTS,
      foreignInterfaces: [],
    });
    await Promise.all([squatter, airlock].map((container) => container.remove({ force: true })));

    // nginx alone takes connections to port 53 and no datagrams
    const halved: Weakening = (options) => {
      options.Entrypoint = ["nginx", "-e", "stderr", "-c", "/opt/bot-bottle/airlock/nginx.conf"];
    };
    const half = await lab.startRaw(lab.weakenedOptions(bottle, "airlock", halved));
    await expect.poll(async () => (await probeFrom(half.id)).foreignListeners).toEqual([53]);
    await half.remove({ force: true });

    expect(await bottle.probe()).toMatchObject({
      answered: true,
      foreignListeners: [],
      foreignInterfaces: [],
    });
  });

  it("of a dead airlock can be taken, and then nothing trusts them", async () => {
    const bottle = await lab.startBottle();
    await killAirlock(bottle);

    // In the orphaned namespace the agent can play the sidecars…
    const { first, lines, session } = await bottle.attackOn("impostor");
    expect(first).toBe("listening");
    expect(isInDeadNamespace(await partsNow(bottle))).toBe(true);

    // …but an airlock that is started again has another namespace, is younger than its agent, and is seen to be.
    await lab.adapters.runtime.start(bottle.name("airlock"), signal);
    await bottle.untilLinked();
    expect(isInDeadNamespace(await partsNow(bottle))).toBe(true);
    expect(lines).toEqual(['"listening"']);
    await session.kill();

    await lab.adapters.runtime.stop(bottle.name("agent"), { graceMs: 0 }, signal);
    await lab.adapters.runtime.start(bottle.name("agent"), signal);
    expect(isInDeadNamespace(await partsNow(bottle))).toBe(false);
  });
});

describe("the probe", () => {
  /** Guarded by NetworkMode none: with any network the probe names its interface. */
  it("names a foreign interface", async () => {
    const bottle = await lab.startBottle();
    const onUplink: Weakening = ({ HostConfig }) => Object.assign(HostConfig, { NetworkMode: lab.uplink });

    expect(await lab.attackWeakened(bottle, "airlock", onUplink, probeArgv())).toMatchObject({
      foreignInterfaces: ["eth0"],
    });
  });

  it("is not answered by dead sidecars", async () => {
    const bottle = await lab.startBottle();
    await docker.getContainer(bottle.name("sidecars")).kill();

    expect(await bottle.probe()).toMatchObject({ answered: false, foreignListeners: [] });
  });

  it("waits for sidecars that still start when it is asked to", async () => {
    const bottle = await lab.startBottle();
    await docker.getContainer(bottle.name("sidecars")).kill();

    const probing = bottle.probe({ patienceMs: 30_000 });
    await docker.getContainer(bottle.name("sidecars")).start();

    expect(await probing).toMatchObject({ answered: true, foreignListeners: [], foreignInterfaces: [] });
  });
});

describe("starving the airlock", () => {
  let bottle: EscapeBottle;
  beforeAll(async () => {
    bottle = await lab.startBottle();
  });
  afterEach(async () => {
    await lab.adapters.runtime.unpause(bottle.name("agent"), signal);
  });

  /**
   * Guarded by limit_conn and the unlimited source port of nginx.conf: without either of them, the probe fails.
   */
  it("with 600 connections to each service starves the agent, and the probe never", async () => {
    const { first, session } = await bottle.attackOn("starve", PLACES, 600);
    expect(first).toMatchObject({
      open: expect.toSatisfy((open: number) => open > 200 && open <= MOST_CONNECTIONS) as number,
    });

    expect(await bottle.isLinked()).toBe(true);
    await lab.adapters.runtime.pause(bottle.name("agent"), signal);
    expect(await bottle.isLinked()).toBe(true);

    await lab.adapters.runtime.unpause(bottle.name("agent"), signal);
    await session.kill();
  });

  /** Guarded by the address in the map of nginx.conf: the probe's port is taken on 127.0.0.1 alone. */
  it("from the probe's port of other loopback addresses does not pass for the probe", async () => {
    const { first, session } = await bottle.attackOn("starve", PLACES, 1_200, PROBE_PORT);
    expect(first).toMatchObject({
      open: expect.toSatisfy((open: number) => open <= MOST_CONNECTIONS) as number,
    });

    expect(await bottle.isLinked()).toBe(true);
    await session.kill();
  });

  it.each([
    ["the reserved way", 's/"127.0.0.1:9098" "";//'],
    ["the limit", "s/limit_conn service.*//; s/4096/512/"],
  ])("without %s the same attack stops the probe", async (_what, edit) => {
    const conf = "/opt/bot-bottle/airlock/nginx.conf";
    const script = `sed '${edit}' ${conf} > /tmp/nginx.conf && exec nginx -e stderr -c /tmp/nginx.conf`;
    const airlock = await lab.startRaw(
      lab.weakenedOptions(bottle, "airlock", (options) => {
        options.Entrypoint = ["sh", "-c", script];
      }),
    );
    const answered = async (): Promise<boolean> => (await probeFrom(airlock.id)).answered;
    await expect.poll(answered, { timeout: 5_000 }).toBe(true);

    const attacker = await lab.startRaw(
      lab.weakenedOptions(bottle, "agent", (options) => {
        Object.assign(options.HostConfig, { NetworkMode: `container:${airlock.id}` });
        options.Cmd = attackArgv("starve", PLACES, 600);
      }),
    );
    await expect.poll(answered, { timeout: 20_000 }).toBe(false);
    await Promise.all([attacker, airlock].map((container) => container.remove({ force: true })));
  });
});
