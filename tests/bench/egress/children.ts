import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const STUCK_MS = 60_000;

/** The processes of one run, each ended by its id. */
export class Children {
  readonly #running = new Set<ChildProcess>();

  spawn(command: string, argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(command, argv, { stdio: ["ignore", "ignore", "inherit"], ...options });
    this.#running.add(child);
    child.once("close", () => this.#running.delete(child));
    child.once("error", () => this.#running.delete(child));
    return child;
  }

  /** Starts one of the programs beside this file, or one by its path, and waits for the line of JSON that it says. */
  async start<T>(
    program: string,
    argument: unknown,
    flags: readonly string[] = [],
  ): Promise<{ said: T; pid: number; child: ChildProcess }> {
    const argv = [...flags, resolve(import.meta.dirname, program), JSON.stringify(argument)];
    const child = this.spawn(process.execPath, argv, { stdio: ["pipe", "pipe", "inherit"] });
    const line = once(createInterface({ input: child.stdout! }), "line");
    const ended = once(child, "close").then(([code]) => {
      throw new Error(`${program} ended with ${code} before it said anything`);
    });
    ended.catch(() => undefined); // it ends after the line too
    const [text] = (await Promise.race([line, ended, stuck(program)])) as [string];
    return { said: JSON.parse(text) as T, pid: child.pid ?? 0, child };
  }

  /** Signals one of those that run, and waits for the line of JSON that it says then. */
  async ask<T>(pid: number, signal: NodeJS.Signals): Promise<T> {
    const child = [...this.#running].find((each) => each.pid === pid);
    if (child === undefined) throw new Error(`no process ${pid} runs any more`);
    const lines = createInterface({ input: child.stdout! });
    const line = once(lines, "line");
    child.kill(signal);
    const [text] = (await Promise.race([line, stuck(`process ${pid}`)])) as [string];
    lines.close();
    return JSON.parse(text) as T;
  }

  /** Runs one of the programs to its end. */
  async run<T>(program: string, argument: unknown): Promise<T> {
    const { said, child } = await this.start<T>(program, argument);
    if (child.exitCode === null) await once(child, "close");
    return said;
  }

  /** SIGTERM, so that helpers go with their programs; SIGKILL for those that stay. */
  async endAll(): Promise<void> {
    const all = [...this.#running];
    for (const child of all) child.kill("SIGTERM");
    const gone = Promise.all(
      all.map((child) => (child.exitCode === null ? once(child, "close") : undefined)),
    );
    await Promise.race([gone, sleep(3_000, undefined, { ref: false })]);
    for (const child of this.#running) child.kill("SIGKILL");
  }
}

/** No measurement takes as long: whoever is asked has stopped answering. */
async function stuck(program: string): Promise<never> {
  await sleep(STUCK_MS, undefined, { ref: false });
  throw new Error(`${program} said nothing within ${STUCK_MS / 1_000} seconds`);
}

/** Waits until something listens on a port of loopback. Throws after ten seconds. */
export async function untilListening(port: number, what: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await answers(port)) return;
    await sleep(100);
  }
  throw new Error(`${what} did not listen on port ${port} within ten seconds`);
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const answered = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return answered;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
