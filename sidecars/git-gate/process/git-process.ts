import { type ChildProcess, spawn } from "node:child_process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { gitEnvironment, QUARANTINE } from "./environment.ts";

/** Where git is asked, and until when. */
export interface GitAccess {
  /** PATH, on which git is found */
  readonly path: string;
  readonly gitDir: string;
  /** the quarantine of the push */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** git ended in another way than it should. What it said is not kept: it may quote the repository. */
export class GitFailed extends Error {
  readonly code: number | null;

  constructor(command: string, code: number | null) {
    super(`git ${command} failed with ${code ?? "a signal"}`);
    this.code = code;
  }
}

/** History is seen as it is, not as a graft or a shallow border shows it, and nothing of it is fetched. */
const AS_IT_IS = {
  GIT_NO_LAZY_FETCH: "1",
  GIT_GRAFT_FILE: "/dev/null",
  GIT_SHALLOW_FILE: "",
  GIT_ALLOW_PROTOCOL: "none",
};
/** no path and no name is longer */
const LONGEST_WORD = 1024 * 1024;

/** The environment of a git that looks at what is there. */
export function environmentOf({ path, environment }: GitAccess): Record<string, string> {
  const stranger = Object.keys(environment).find((name) => !QUARANTINE.includes(name));
  if (stranger !== undefined) throw new Error("the environment holds more than the quarantine");
  return { ...environment, ...gitEnvironment(path), ...AS_IT_IS };
}

/** What a git process writes, as it comes. Ends with an error unless git ended well, and leaves no process behind. */
export async function* gitOutput(
  access: GitAccess,
  args: readonly string[],
  input: Iterable<string> | AsyncIterable<string | Buffer> = [],
): AsyncGenerator<Buffer> {
  access.signal.throwIfAborted();
  const child = spawn("git", [`--git-dir=${access.gitDir}`, ...args], {
    cwd: "/",
    env: environmentOf(access),
    stdio: ["pipe", "pipe", "ignore"],
    signal: access.signal,
    killSignal: "SIGKILL",
  });
  const ended = endOf(child);
  // git that ends before it read everything says why by its exit code
  const fed = pipeline(Readable.from(input), child.stdin).catch(() => undefined);
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    const code = await ended;
    if (code !== 0) throw new GitFailed(args[0] ?? "", code);
  } finally {
    child.kill("SIGKILL");
    await Promise.all([ended, fed]);
  }
}

/** The exit code, once nothing is left of the process; null when a signal ended it or it never was. */
function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once("close", resolve);
    child.on("error", () => {
      if (child.pid === undefined) resolve(null);
    });
  });
}

/** What a git process writes, cut at each end; each byte is one character. */
export async function* gitWords(
  access: GitAccess,
  args: readonly string[],
  { input, end }: { readonly input: Iterable<string>; readonly end: "\n" | "\0" },
): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of gitOutput(access, args, input)) {
    const words = (rest + chunk.toString("latin1")).split(end);
    rest = words.pop() ?? "";
    if (rest.length > LONGEST_WORD) throw new Error("git writes without an end");
    yield* words;
  }
  if (rest !== "") yield rest;
}
