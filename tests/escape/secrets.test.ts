import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileEgress } from "../../sidecars/wire/compile-egress.ts";
import { docker } from "../contract/docker-machine.ts";
import { processesIn } from "./container-processes.ts";
import { attackArgv, EscapeLab } from "./escape-bottle.ts";
import type { EscapeBottle, Weakening } from "./escape-bottle.ts";

/** The real token lives in the sidecars' memory and nowhere else. */

const lab = new EscapeLab();
const token = `sk-escape-${randomBytes(24).toString("hex")}`;
const halves = [token.slice(0, 20), token.slice(20)] as const;
let bottle: EscapeBottle;

beforeAll(async () => {
  await lab.begin();
  bottle = await lab.startBottle({
    egress: compileEgress({}),
    secrets: [
      { name: "claude", key: "token", version: "1", value: token, destinations: ["api.example.com"] },
    ],
  });
}, 900_000);
afterAll(() => lab.end());

interface Search {
  readonly found: readonly string[];
  readonly files: number;
  readonly processes: number;
}

describe("the token", () => {
  it("is in no file, environment, argument or memory that the agent can read", async () => {
    const { found, files } = (await bottle.attack("search", ...halves)) as Search;
    expect(found).toEqual([]);
    expect(files).toBeGreaterThan(1_000);

    // The same search finds it when it is given to the agent: in its environment, and so in its memory.
    const given: Weakening = (options) => {
      options.Env = [`CLAUDE_CODE_OAUTH_TOKEN=${token}`];
    };
    const weak = (await lab.attackWeakened(
      bottle,
      "agent",
      given,
      attackArgv("search", ...halves),
    )) as Search;
    expect(weak.found).toEqual(expect.arrayContaining([expect.stringMatching(/^\/proc\/\d+\/environ$/)]));
  });

  it("is not among what the engine tells of the containers, nor in their logs", async () => {
    const told = await Promise.all(
      (["airlock", "sidecars", "agent"] as const).map(async (role) => {
        const container = docker.getContainer(bottle.name(role));
        const logs = await container.logs({ stdout: true, stderr: true, follow: false });
        return [JSON.stringify(await container.inspect()), logs.toString()];
      }),
    );
    expect(told.flat().join("\n")).toContain(bottle.owner.uid);
    expect(told.flat().join("\n")).not.toContain(token);
  });

  it("is not in the environment, arguments or files of the sidecars themselves", async () => {
    const { found } = (await bottle.run("sidecars", attackArgv("search", ...halves))) as Search;
    // their memory holds it; even their own user cannot look there
    expect(found).toEqual([]);
  });
});

describe("other sandboxes' processes", () => {
  /** Guarded by the private process namespace: with the host's, the agent sees everybody. */
  it("are not there for the agent", async () => {
    const { processes } = (await bottle.attack("search", ...halves)) as Search;
    expect(processes).toBeLessThan(6);

    const shared: Weakening = ({ HostConfig }) => Object.assign(HostConfig, { PidMode: "host" });
    const weak = (await lab.attackWeakened(
      bottle,
      "agent",
      shared,
      attackArgv("search", ...halves),
    )) as Search;
    expect(weak.processes).toBeGreaterThan(20);
  });
});

describe("a user of the host with the uid of", () => {
  const folder = mkdtempSync(join(tmpdir(), "bb-escape-"));
  const reader = join(folder, "reader.py");
  chmodSync(folder, 0o755);
  writeFileSync(
    reader,
    `
import json, sys
def readable(path):
    try:
        open(path, "rb").close()
        return True
    except OSError:
        return False
print(json.dumps([name for name in ("environ", "maps", "mem", "root/etc/hostname") if readable(f"/proc/{sys.argv[1]}/{name}")]))
`,
    { mode: 0o644 },
  );

  /** files of a process that a user of the host can open */
  async function readableBy(uid: number, pid: number): Promise<string[]> {
    expect(process.getuid?.()).toBe(0);
    const { stdout } = await promisify(execFile)("/usr/bin/python3", [reader, String(pid)], {
      uid,
      gid: uid,
      cwd: "/",
    });
    return JSON.parse(stdout) as string[];
  }

  /** the first process of the container that is neither its init nor root's */
  async function programOf(container: string): Promise<number> {
    const all = await processesIn(container);
    const program = all.find(({ status, innerPid }) => innerPid !== 1 && !status["Uid"]?.startsWith("0\t"));
    if (program === undefined) throw new Error(`${container} runs nothing`);
    return program.pid;
  }

  it("the agent, 1000, reads nothing of the sidecars and the airlock", async () => {
    for (const role of ["sidecars", "airlock"] as const) {
      expect(await readableBy(1000, await programOf(bottle.name(role)))).toEqual([]);
    }
    // Were they to run as 1000, as the agent does, he would read all of it.
    expect(await readableBy(1000, await programOf(bottle.name("agent")))).toContain("mem");
  });

  /** Guarded by the mode 0711 of the sidecars' node: a process whose program its user cannot read gives nothing away. */
  it("the sidecars themselves reads nothing of the sidecars, because their program is not readable", async () => {
    expect(await readableBy(64_001, await programOf(bottle.name("sidecars")))).toEqual([]);

    const readable: Weakening = (options) => {
      options.Image = bottle.parts.sandboxes.agent.image;
      options.User = "64001:64001";
      options.Entrypoint = ["/usr/local/bin/node"];
      options.Cmd = ["-e", "setInterval(() => {}, 1000)"];
    };
    const weak = await lab.startRaw(lab.weakenedOptions(bottle, "sidecars", readable));
    expect(await readableBy(64_001, await programOf(weak.id))).toContain("mem");
    await weak.remove({ force: true });
  });
});

describe("the control channel", () => {
  const report = () => bottle.session.ask({ kind: "report" }, AbortSignal.timeout(5_000));
  const line = `${JSON.stringify({ kind: "wipe", session: "escape", id: 1 })}\n`;

  it("does not hear what the agent sends to any port of the link", async () => {
    const before = await report();
    const attempts = [9099, 9420, 9100].flatMap((port) => [
      [port, line],
      [port, `POST / HTTP/1.1\r\nHost: egress\r\nContent-Length: ${line.length}\r\n\r\n${line}`],
      [port, `GET /.bot-bottle/configure HTTP/1.1\r\nHost: egress\r\n\r\n`],
    ]);
    const answers = (await bottle.attack("speak", attempts)) as string[];

    expect(answers.join("")).not.toMatch(/"kind":"report"/);
    expect(await report()).toMatchObject({ policyHash: before.policyHash });
    expect(before.policyHash).toBe("escape");
  });

  it("is deaf to the streams of the agent's own container", async () => {
    const { output } = await bottle.output("agent", [
      ...[
        "sh",
        "-c",
        `for fd in /proc/1/fd/0 /proc/1/fd/1 /dev/console; do printf '%s' '${line.trim()}' > $fd; done; ls -l /proc/1/fd/0`,
      ],
    ]);
    expect(output).toContain("/dev/null");
    expect((await report()).policyHash).toBe("escape");
  });

  it("forgets nothing through a probe that carries more than a nonce", async () => {
    const nonces = ["0".repeat(31), "g".repeat(32), `${"0".repeat(32)}&wipe=1`, "%00".repeat(11)];
    await bottle.attack(
      "speak",
      nonces.map((nonce) => [
        9099,
        `GET /.bot-bottle/probe?nonce=${nonce} HTTP/1.1\r\nHost: egress\r\nConnection: close\r\n\r\n`,
      ]),
    );
    const { probeNonces, policyHash } = await report();
    expect(probeNonces.filter((nonce) => !/^[0-9a-f]{32}$/.test(nonce))).toEqual([]);
    expect(policyHash).toBe("escape");
  });
});
