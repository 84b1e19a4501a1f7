import type { Command } from "commander";
import type { CommandContext } from "./context.ts";

/** One command of `bb`: its file is read when it is run or when all are listed. */
export interface CommandEntry {
  readonly name: string;
  readonly group: string;
  readonly hidden?: boolean;
  load(): Promise<(context: CommandContext) => Command>;
}

const BOTTLES = "Bottles:";
const OBJECTS = "Objects:";
const MACHINE = "This machine:";
const MORE = "More:";

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  entry("apply", OBJECTS, async () => (await import("./commands/apply.ts")).applyCommand),
  entry("get", OBJECTS, async () => (await import("./commands/get.ts")).getCommand),
  entry("describe", OBJECTS, async () => (await import("./commands/describe.ts")).describeCommand),
  entry("delete", OBJECTS, async () => (await import("./commands/delete.ts")).deleteCommand),
  entry("wait", OBJECTS, async () => (await import("./commands/wait.ts")).waitCommand),
  entry("events", OBJECTS, async () => (await import("./commands/events.ts")).eventsCommand),
  entry("attach", BOTTLES, async () => (await import("./commands/attach.ts")).attachCommand),
  entry("exec", BOTTLES, async () => (await import("./commands/exec.ts")).execCommand),
  entry("logs", BOTTLES, async () => (await import("./commands/logs.ts")).logsCommand),
  entry("stop", BOTTLES, async () => (await import("./commands/stop.ts")).stopCommand),
  entry("resume", BOTTLES, async () => (await import("./commands/resume.ts")).resumeCommand),
  entry("secret", BOTTLES, async () => (await import("./commands/secret.ts")).secretCommand),
  entry("git", BOTTLES, async () => (await import("./commands/git.ts")).gitCommand),
  entry("up", MACHINE, async () => (await import("./commands/up.ts")).upCommand),
  entry("down", MACHINE, async () => (await import("./commands/down.ts")).downCommand),
  entry("status", MACHINE, async () => (await import("./commands/status.ts")).statusCommand),
  entry("doctor", MACHINE, async () => (await import("./commands/doctor.ts")).doctorCommand),
  entry("images", MACHINE, async () => (await import("./commands/images.ts")).imagesCommand),
  entry("cleanup", MACHINE, async () => (await import("./commands/cleanup.ts")).cleanupCommand),
  entry("kubeconfig", MACHINE, async () => (await import("./commands/kubeconfig.ts")).kubeconfigCommand),
  entry("demo", MORE, async () => (await import("./commands/demo.ts")).demoCommand),
  entry("egress", MORE, async () => (await import("./commands/egress.ts")).egressCommand),
  entry("completion", MORE, async () => {
    const { completionCommand } = await import("./commands/completion.ts");
    return (context) => completionCommand(context, COMMANDS);
  }),
];

/** The command of that name. */
export function findCommand(name: string | undefined): CommandEntry | undefined {
  return COMMANDS.find((each) => each.name === name);
}

function entry(name: string, group: string, load: CommandEntry["load"]): CommandEntry {
  return { name, group, load };
}
