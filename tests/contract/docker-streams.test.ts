import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";
import type { ExecRequest, LogLine, LogOptions } from "../../reconcilers/contract/sandbox-exec.ts";
import { anOwner, aSandboxSpec } from "../builders.ts";
import { dockerAdapters, docker, productImage, removeInstance, requireDocker } from "./docker-machine.ts";

const instance = `streams-${anOwner().uid}`;
const { runtime, exec, logs, control } = dockerAdapters(instance);
const { signal } = new AbortController();
let image: string;

beforeAll(async () => {
  await requireDocker();
  image = await productImage("agent");
}, 600_000);
afterAll(() => removeInstance(instance));

/** a running sandbox without a volume or a link */
async function aRunning(role: "agent" | "sidecars", ...command: readonly string[]): Promise<string> {
  const spec = aSandboxSpec(anOwner(), role, { image, command });
  await runtime.create(spec, signal);
  await runtime.start(spec.name, signal);
  return spec.name;
}

const aRequest = (argv: readonly string[], fields: Partial<ExecRequest> = {}): ExecRequest => ({
  argv,
  tty: false,
  stdin: false,
  ...fields,
});
const sh = (script: string, fields: Partial<ExecRequest> = {}): ExecRequest =>
  aRequest(["sh", "-c", script], fields);

describe("DockerExec", () => {
  let sandbox: string;
  beforeAll(async () => {
    sandbox = await aRunning("agent", "sleep", "infinity");
  });

  /** runs a command to its end */
  async function run(request: ExecRequest, input = "") {
    const session = await exec.exec(sandbox, request, signal);
    session.stdin.end(input);
    const [stdout, stderr, code] = await Promise.all([
      text(session.stdout),
      text(session.stderr),
      session.exitCode,
    ]);
    return { stdout, stderr, code };
  }

  it("tells stdout, stderr and the exit code apart", async () => {
    expect(await run(sh("echo out; echo problem >&2; exit 7"))).toEqual({
      stdout: "out\n",
      stderr: "problem\n",
      code: 7,
    });
  });

  it("runs argv as it is, as the agent, where and with what it is told", async () => {
    const request = aRequest(
      ["sh", "-c", 'printf "%s|" "$1" "$PWD" "$COLOR" "$(id -u)"', "sh", "$HOME; ls"],
      {
        workingDirectory: "/tmp",
        environment: { COLOR: "blue sky" },
      },
    );

    expect((await run(request)).stdout).toBe("$HOME; ls|/tmp|blue sky|1000|");
  });

  it("passes stdin on to its end, and 4 MiB come back whole", async () => {
    const input = "0123456789abcdef".repeat(256 * 1024);

    const { stdout, code } = await run(aRequest(["cat"], { stdin: true }), input);

    expect(stdout === input).toBe(true);
    expect(code).toBe(0);
  });

  it("gives 126 or 127 for a command that is not there", async () => {
    expect([126, 127]).toContain((await run(aRequest(["/no/such/command"]))).code);
  });

  it("gives a terminal of the asked size, which can change", async () => {
    const session = await exec.exec(
      sandbox,
      sh("test -t 0 && read line && stty size", {
        tty: true,
        stdin: true,
        terminalSize: { columns: 91, rows: 17 },
      }),
      signal,
    );
    await session.resize({ columns: 132, rows: 43 });
    session.stdin.write("go\n");

    expect(await text(session.stdout)).toContain("43 132");
    expect(await session.exitCode).toBe(0);
  });

  const running = async (marker: string): Promise<boolean> =>
    (await run(sh(`pgrep -f "^sleep ${marker}$"`))).stdout !== "";

  it("kills a command and its children inside the sandbox", async () => {
    const session = await exec.exec(sandbox, sh("sleep 4711 & sleep 4711; true"), signal);
    await expect.poll(() => running("4711")).toBe(true);

    await session.kill();

    expect(await session.exitCode).toBe(137);
    expect(await running("4711")).toBe(false);
  });

  it("kills the command when the signal is aborted", async () => {
    const leaving = new AbortController();
    const session = await exec.exec(sandbox, aRequest(["sleep", "4712"]), leaving.signal);
    await expect.poll(() => running("4712")).toBe(true);

    leaving.abort();

    expect(await session.exitCode).toBe(137);
    expect(await running("4712")).toBe(false);
  });

  it("says that a sandbox is not there, does not run, or is another instance's", async () => {
    const spec = aSandboxSpec(anOwner(), "agent", { image });
    await runtime.create(spec, signal);
    const stranger = dockerAdapters(`other-${instance}`).exec;

    for (const attempt of [
      () => exec.exec("bb-nothing-agent", sh("true"), signal),
      () => exec.exec(spec.name, sh("true"), signal),
      () => stranger.exec(sandbox, sh("true"), signal),
    ]) {
      await expect(attempt()).rejects.toThrow(SandboxNotFoundError);
    }
  });
});

describe("DockerLogs", () => {
  async function collect(sandbox: string, options: LogOptions, from = signal): Promise<LogLine[]> {
    const lines: LogLine[] = [];
    for await (const line of logs.logs(sandbox, options, from)) lines.push(line);
    return lines;
  }
  const wrote = (lines: readonly LogLine[]) => lines.map(({ stream, text: line }) => `${stream}: ${line}`);

  it("gives every line with its stream and time, long ones whole", async () => {
    const long = "x".repeat(100_000);
    const sandbox = await aRunning(
      "agent",
      "sh",
      "-c",
      `echo first; sleep 0.1; echo problem >&2; sleep 0.1; head -c 100000 /dev/zero | tr '\\0' x; echo; printf end`,
    );
    await docker.getContainer(sandbox).wait();

    const lines = await collect(sandbox, { follow: false });

    expect(wrote(lines)).toEqual(["stdout: first", "stderr: problem", `stdout: ${long}`, "stdout: end"]);
    const times = lines.map(({ time }) => time.getTime());
    expect(times).toEqual(times.toSorted());
    expect(Math.abs((times[0] ?? 0) - new Date().getTime())).toBeLessThan(60_000);
  });

  it("keeps to tail and since", async () => {
    const sandbox = await aRunning(
      "agent",
      "sh",
      "-c",
      "echo one; sleep 0.2; echo two; sleep 0.2; echo three",
    );
    await docker.getContainer(sandbox).wait();

    const all = await collect(sandbox, { follow: false });

    expect(wrote(await collect(sandbox, { follow: false, tailLines: 2 }))).toEqual([
      "stdout: two",
      "stdout: three",
    ]);
    expect(wrote(await collect(sandbox, { follow: false, since: all[2]?.time }))).toEqual(["stdout: three"]);
  });

  it("follows until the sandbox ends, or the signal does", async () => {
    const sandbox = await aRunning("agent", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done");
    expect(wrote(await collect(sandbox, { follow: true }))).toEqual(["stdout: 1", "stdout: 2", "stdout: 3"]);

    const endless = await aRunning("agent", "sh", "-c", "echo ready; sleep infinity");
    const leaving = new AbortController();
    const seen: string[] = [];
    for await (const { text: line } of logs.logs(endless, { follow: true }, leaving.signal)) {
      seen.push(line);
      leaving.abort();
    }
    expect(seen).toEqual(["ready"]);
  });

  it("says that there is no such sandbox", async () => {
    await expect(collect("bb-nothing-agent", { follow: false })).rejects.toThrow(SandboxNotFoundError);
  });
});

describe("DockerSidecarControl", () => {
  async function isThere(sandbox: string, path: string): Promise<boolean> {
    const session = await exec.exec(sandbox, aRequest(["test", "-e", path]), signal);
    return (await session.exitCode) === 0;
  }

  /** the next `count` lines that come out */
  async function lines(stream: NodeJS.ReadableStream, count: number): Promise<string[]> {
    let seen = "";
    return new Promise((resolve, reject) => {
      stream.on("error", reject).on("data", (chunk) => {
        seen += String(chunk);
        if (String(chunk).includes("\n") && seen.split("\n").length > count) {
          resolve(seen.split("\n").slice(0, count));
        }
      });
    });
  }

  it("loses nothing when it is opened before the start", async () => {
    const spec = aSandboxSpec(anOwner(), "sidecars", { image, command: ["sh", "-c", "echo hello; cat"] });
    await runtime.create(spec, signal);
    const channel = await control.open(spec.name, signal);
    channel.write("early\n");

    await runtime.start(spec.name, signal);

    expect(await lines(channel, 2)).toEqual(["hello", "early"]);
  });

  it("carries stdout only, and lines of 8 MiB", async () => {
    const sandbox = await aRunning("sidecars", "sh", "-c", "echo problem >&2; cat");
    const channel = await control.open(sandbox, signal);
    const line = "a".repeat(8 * 1024 * 1024);

    channel.write(`${line}\n`);

    expect((await lines(channel, 1))[0] === line).toBe(true);
  });

  it("leaves the sidecars and their stdin alone when it is closed, for the next one", async () => {
    const sandbox = await aRunning("sidecars", "cat");
    (await control.open(sandbox, signal)).destroy();

    const next = await control.open(sandbox, signal);
    next.write("again\n");

    expect(await lines(next, 1)).toEqual(["again"]);
  });

  it("ends when the sidecars end", async () => {
    const sandbox = await aRunning("sidecars", "cat");
    const channel = await control.open(sandbox, signal);
    const closed = once(channel.resume(), "close");

    await docker.getContainer(sandbox).kill();

    await closed;
    expect(channel.destroyed).toBe(true);
  });

  it("gives up a channel that is not read before it would hold the sidecars back", async () => {
    const sandbox = await aRunning(
      "sidecars",
      "sh",
      "-c",
      "head -c 50000000 /dev/zero; touch /tmp/done; cat",
    );
    const channel = await control.open(sandbox, signal);

    const [error] = (await once(channel, "error")) as [Error];

    expect(error.message).toContain("not read");
    await expect.poll(() => isThere(sandbox, "/tmp/done"), { timeout: 60_000 }).toBe(true);
  });

  it("opens sidecars only, of this instance only", async () => {
    const agent = await aRunning("agent", "cat");
    const sidecars = await aRunning("sidecars", "cat");

    await expect(control.open(agent, signal)).rejects.toThrow(SandboxNotFoundError);
    await expect(dockerAdapters(`other-${instance}`).control.open(sidecars, signal)).rejects.toThrow(
      SandboxNotFoundError,
    );
  });
});
