/**
 * The hooks of a mirror and git's credential helper, a program of its own that git starts. It asks the gate and does
 * what it says; where no verdict comes it refuses.
 */
import { connect } from "node:net";
import { createInterface } from "node:readline";
import {
  CREDENTIAL_HOOK,
  type CredentialAnswer,
  type CredentialCall,
  HOOK_NONCE,
  HOOK_SOCKET,
  type HookAnswer,
  type HookCall,
} from "./hook-wire.ts";
import { FLUSH, pktLine, pktLinesOf } from "../http/pkt-line.ts";
import { QUARANTINE } from "../process/environment.ts";

type Verdict = Extract<HookAnswer, { accept: boolean }>;

/** Runs a hook of this name; `environment` is what git gave it. Resolves to the exit code. */
export async function runHook(name: string, environment: NodeJS.ProcessEnv): Promise<number> {
  if (name === "pre-receive") return preReceive(environment);
  if (name === "proc-receive") return procReceive(environment);
  if (name === CREDENTIAL_HOOK) return credential(environment);
  return 1;
}

async function preReceive(environment: NodeJS.ProcessEnv): Promise<number> {
  const commands = (await readAll()).split("\n").filter((line) => line !== "");
  const verdict = await ask("pre-receive", commands, environment);
  return verdict?.accept === true ? 0 : 1;
}

/** Tells git which refs upstream took. The gate moves them in the mirror, not git. See githooks(5). */
async function procReceive(environment: NodeJS.ProcessEnv): Promise<number> {
  const [features = []] = await readSections(1);
  process.stdout.write(Buffer.concat([pktLine("version=1\0push-options atomic"), FLUSH]));
  const hasOptions = String(features[0]).includes("push-options");
  const [commands = []] = await readSections(hasOptions ? 2 : 1);
  const verdict = await ask("proc-receive", commands.map(String), environment);
  const report = commands.map((command) => {
    const ref = String(command).trimEnd().split(" ")[2] ?? "";
    const because = verdict?.accept === true ? verdict.refused[ref] : "the gate gave no verdict";
    return pktLine(because === undefined ? `ok ${ref}` : `ng ${ref} ${because}`);
  });
  process.stdout.write(Buffer.concat([...report, FLUSH]));
  return 0;
}

/** Gives git what the gate lends for the run that it belongs to; nothing where it lends nothing. */
async function credential(environment: NodeJS.ProcessEnv): Promise<number> {
  const nonce = environment[HOOK_NONCE] ?? "";
  const call: CredentialCall = { nonce, hook: CREDENTIAL_HOOK, wanted: await readAll() };
  for await (const line of answersTo(call, environment)) {
    process.stdout.write((JSON.parse(line) as CredentialAnswer).credential);
    return 0;
  }
  return 1;
}

async function readAll(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk as string;
  return text;
}

let unread = Buffer.alloc(0);

/** Reads lines of stdin up to the given number of flushes, one list for each. */
async function readSections(count: number): Promise<Buffer[][]> {
  const chunks = process.stdin.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  for (;;) {
    const sections: Buffer[][] = [[]];
    for (const { payload, end } of pktLinesOf(unread)) {
      if (payload !== undefined) sections.at(-1)?.push(payload);
      else if (sections.length < count) sections.push([]);
      else {
        unread = unread.subarray(end);
        return sections;
      }
    }
    const { value, done } = await chunks.next();
    if (done === true) throw new Error("git ended too soon");
    unread = Buffer.concat([unread, value]);
  }
}

async function ask(
  hook: HookCall["hook"],
  commands: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<Verdict | undefined> {
  const count = Number(environment["GIT_PUSH_OPTION_COUNT"] ?? 0);
  const call: HookCall = {
    nonce: environment[HOOK_NONCE] ?? "",
    hook,
    commands,
    pushOptions: Array.from({ length: count }, (_, index) => environment[`GIT_PUSH_OPTION_${index}`] ?? ""),
    quarantine: Object.fromEntries(
      QUARANTINE.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
    ),
  };
  for await (const line of answersTo(call, environment)) {
    const answer = JSON.parse(line) as HookAnswer;
    if ("accept" in answer) return answer;
    process.stderr.write(`${answer.say}\n`);
  }
  return undefined;
}

function answersTo(call: HookCall | CredentialCall, environment: NodeJS.ProcessEnv): AsyncIterable<string> {
  const socket = connect(environment[HOOK_SOCKET] ?? "");
  socket.on("error", () => process.stderr.write("git-gate: the gate cannot be reached\n"));
  socket.write(`${JSON.stringify(call)}\n`);
  return createInterface({ input: socket });
}
