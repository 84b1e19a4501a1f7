import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { InspectPush, PushRequest } from "../../sidecars/git-gate/contract.ts";
import type { PushPolicy, ScanPolicy } from "../../sidecars/wire/git-policy.ts";
import type { GitGate } from "../../sidecars/git-gate/git-gate.ts";
import { type DeclaredGate, startGate } from "./git-gates.ts";
import { startSshd, type Sshd } from "./git-sshd.ts";

/** How a client's git ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  /** what a person sees */
  readonly stderr: string;
}

export interface GitWorld {
  readonly folder: string;
  readonly sshd: Sshd;
  /** the witness: a bare repository that only sshd serves */
  readonly upstream: string;
  /** of the remote, in the gate */
  readonly url: string;
  /** of the remote, without the gate */
  readonly directUrl: string;
  readonly mirror: string;
  readonly gateFolder: string;
  /** what the gate asked about pushes */
  readonly inspected: PushRequest[];
  readonly options: DeclaredGate;
  /** where the gate listens, and where what a client sends arrives */
  readonly socket: string;
  /** the one that was started last; closed with the world */
  gate: GitGate | undefined;
  /** a client's git */
  git(cwd: string, ...args: string[]): Promise<Ended>;
  /** the same; throws unless it ends well */
  must(cwd: string, ...args: string[]): Promise<string>;
  /** a clone through the gate with an author */
  clone(name: string, ...args: string[]): Promise<string>;
  /** commits a file */
  commit(work: string, file: string, text: string): Promise<string>;
  /** refs of a repository with their ids */
  refs(repository: string): Record<string, string>;
  close(): Promise<void>;
}

const aPolicy: PushPolicy = {
  branches: ["**"],
  allowForce: true,
  allowDelete: true,
  allowTags: true,
  allowPushOptions: false,
  protectedPaths: [],
  maxObjects: 100_000,
  maxInflatedBytes: 256 * 1024 * 1024,
  maxBlobBytes: 32 * 1024 * 1024,
  timeoutMs: 30_000,
};

const LIMITS = {
  listTimeoutMs: 20_000,
  fetchTimeoutMs: 30_000,
  pushTimeoutMs: 30_000,
  idleMs: 60_000,
  patienceMs: 90_000,
  maxMirrorBytes: 4 * 1024 * 1024 * 1024,
  requestTimeoutMs: 60_000,
};
const HOOK = join(import.meta.dirname, "../../sidecars/git-gate/hooks/hook.ts");

/** git and every environment variable of a client in `home`. */
function clientEnvironment(home: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: home,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_AUTHOR_NAME: "An Agent",
    GIT_AUTHOR_EMAIL: "agent@example.com",
    GIT_COMMITTER_NAME: "An Agent",
    GIT_COMMITTER_EMAIL: "agent@example.com",
  };
}

/** A gate before a real sshd with a bare upstream of one commit, or none when `empty`. */
export async function startGitWorld(
  options: {
    /** nothing in upstream */
    readonly empty?: boolean;
    /** of upstream */
    readonly format?: "sha1" | "sha256";
    /** no gate yet */
    readonly stopped?: boolean;
    readonly policy?: Partial<PushPolicy>;
    readonly scan?: Partial<ScanPolicy>;
    readonly inspectPush?: InspectPush;
    readonly limits?: Partial<DeclaredGate["limits"]>;
    readonly onEvent?: NonNullable<DeclaredGate["onEvent"]>;
    /** of a client's git, beside what it always has */
    readonly environment?: Readonly<Record<string, string>>;
    /** of one command of a client */
    readonly clientTimeoutMs?: number;
  } = {},
): Promise<GitWorld> {
  // unix sockets have short paths
  const folder = mkdtempSync("/tmp/bb-git-");
  for (const name of ["ssh", "home", "gate"]) mkdirSync(join(folder, name));
  const environment = { ...clientEnvironment(join(folder, "home")), ...options.environment };
  writeFileSync(
    join(folder, "home", ".gitconfig"),
    "[init]\n\tdefaultBranch = main\n[protocol]\n\tversion = 2\n",
  );
  const sshd = await startSshd(join(folder, "ssh"));
  const upstream = join(folder, "upstream.git");
  const format = `--object-format=${options.format ?? "sha1"}`;
  const initial = ["-q", "--bare", "--initial-branch=main", format];
  execFileSync("git", ["init", ...initial, upstream], { env: environment });
  const directUrl = `ssh://${sshd.user}@127.0.0.1:${sshd.port}${upstream}`;
  const inspected: PushRequest[] = [];
  const inspect = options.inspectPush ?? (() => Promise.resolve({ kind: "clean" as const }));
  const gateOptions: DeclaredGate = {
    remotes: [
      {
        policy: {
          name: "app",
          url: directUrl,
          transport: "ssh",
          knownHost: sshd.knownHost,
          push: { ...aPolicy, ...options.policy },
          scan: { rules: [], baseline: [], ...options.scan },
        },
        secret: sshd.privateKey,
      },
    ],
    mirrorsFolder: join(folder, "gate", "mirrors"),
    runFolder: join(folder, "gate", "run"),
    hookProgram: HOOK,
    path: process.env["PATH"] ?? "",
    inspectPush: (request, signal) => {
      inspected.push(request);
      return inspect(request, signal);
    },
    limits: { ...LIMITS, ...options.limits },
    ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
  };
  const socket = join(folder, "gate.sock");
  const airlock = await forward(socket);
  const git = (cwd: string, ...args: string[]): Promise<Ended> =>
    new Promise((done) => {
      const settings = {
        cwd,
        env: environment,
        timeout: options.clientTimeoutMs ?? 45_000,
        maxBuffer: 64 * 1024 * 1024,
      };
      execFile("git", args, settings, (error, stdout, stderr) =>
        done({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
      );
    });
  const must: GitWorld["must"] = async (cwd, ...args) => {
    const ended = await git(cwd, ...args);
    if (ended.code !== 0) throw new Error(`git ${args.join(" ")}: ${ended.stderr}`);
    return ended.stdout.trim();
  };
  const commit: GitWorld["commit"] = async (work, file, text) => {
    writeFileSync(join(work, file), text);
    await must(work, "add", "--", file);
    await must(work, "commit", "-q", "-m", `Change ${file}`);
    return must(work, "rev-parse", "HEAD");
  };
  if (options.empty !== true) {
    const seed = join(folder, "seed");
    await must(folder, "init", "-q", format, seed);
    await commit(seed, "README", "hello\n");
    await must(seed, "push", "-q", upstream, "main");
  }
  const url = `http://127.0.0.1:${airlock.port}/app.git`;
  const gate = options.stopped === true ? undefined : await startGate(gateOptions, socket);
  const world: GitWorld = {
    folder,
    sshd,
    upstream,
    url,
    directUrl,
    mirror: join(folder, "gate", "mirrors", "app.git"),
    gateFolder: join(folder, "gate"),
    inspected,
    options: gateOptions,
    socket,
    gate,
    git,
    must,
    commit,
    async clone(name, ...args) {
      const work = join(folder, name);
      await must(folder, "clone", "-q", ...args, url, work);
      return work;
    },
    refs(repository) {
      const format = "--format=%(refname) %(objectname)";
      const text = execFileSync("git", ["-C", repository, "for-each-ref", format], { encoding: "utf8" });
      return Object.fromEntries(
        text
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => line.split(" ") as [string, string]),
      );
    },
    async close() {
      await world.gate?.close();
      airlock.close();
      await sshd.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}

/** Makes a hook of a repository out of a line of shell. */
export function setHook(repository: string, name: string, script: string): void {
  mkdirSync(join(repository, "hooks"), { recursive: true });
  writeFileSync(join(repository, "hooks", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** Processes whose environment or argv holds `text`, but for this one. */
export function processesWith(text: string): number[] {
  const holds = (pid: string, file: string): boolean => {
    try {
      return readFileSync(join("/proc", pid, file), "latin1").includes(text);
    } catch {
      // it has ended, or is another user's
      return false;
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => holds(pid, "environ") || holds(pid, "cmdline"))
    .map(Number);
}

/** A port that leads to a unix socket, as the airlock's does: git speaks no http over those. */
async function forward(socket: string): Promise<{ readonly port: number; close(): void }> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(socket);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close() {
      server.close();
      for (const one of open) one.destroy();
    },
  };
}
