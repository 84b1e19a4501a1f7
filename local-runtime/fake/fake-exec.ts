import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";
import type {
  ExecRequest,
  ExecSession,
  LogLine,
  SandboxExec,
  SandboxLogs,
} from "../../reconcilers/contract/sandbox-exec.ts";
import type { FakeEngine, FakeSandbox } from "./fake-engine.ts";

export interface FakeCommandResult {
  readonly stdout: string;
  readonly stderr?: string;
  readonly exitCode: number;
}

/** What commands do in a fake sandbox; `input` is all that came on stdin, empty when it was not attached. */
export type FakeCommand = (sandbox: FakeSandbox, request: ExecRequest, input: string) => FakeCommandResult;

/** `cat FILE` of what was provisioned; every other command is not there. */
export const catProvisionedFiles: FakeCommand = (sandbox, { argv: [program, path = ""] }) => {
  const file = program === "cat" ? sandbox.files.get(path) : undefined;
  return file === undefined
    ? { stdout: "", stderr: `${program}: not found\n`, exitCode: 127 }
    : { stdout: file.content, exitCode: 0 };
};

/** SandboxExec on a FakeEngine: commands end at once, or when their stdin does. */
export function createFakeExec(engine: FakeEngine, run: FakeCommand = catProvisionedFiles): SandboxExec {
  return {
    async exec(name, request): Promise<ExecSession> {
      return engine.call(`exec ${name}`, () => {
        const sandbox = engine.sandboxes.get(name);
        if (sandbox?.phase !== "running") throw new SandboxNotFoundError(`${name} does not run`);
        return sessionOf(request, (input) => run(sandbox, request, input));
      });
    },
  };
}

function sessionOf(request: ExecRequest, run: (input: string) => FakeCommandResult): ExecSession {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const end = (result: FakeCommandResult): number => {
    stdout.end(result.stdout);
    stderr.end(result.stderr ?? "");
    return result.exitCode;
  };
  return {
    stdin,
    stdout,
    stderr,
    resize: async () => undefined,
    kill: async () => undefined,
    exitCode: request.stdin ? text(stdin).then((input) => end(run(input))) : Promise.resolve(end(run(""))),
  };
}

/** SandboxLogs that holds the given lines, oldest first; it does not follow. */
export function createFakeLogs(
  engine: FakeEngine,
  lines: ReadonlyMap<string, readonly LogLine[]>,
): SandboxLogs {
  return {
    async *logs(name, { tailLines, since }): AsyncIterable<LogLine> {
      engine.call(`logs ${name}`, () => {
        if (!engine.sandboxes.has(name)) throw new SandboxNotFoundError(`no sandbox ${name}`);
      });
      const young = (lines.get(name) ?? []).filter(({ time }) => since === undefined || time >= since);
      yield* tailLines === undefined ? young : young.slice(Math.max(0, young.length - tailLines));
    },
  };
}
