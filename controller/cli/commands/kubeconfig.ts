import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { STATE_FILES } from "../../state-folder.ts";
import type { CommandContext } from "../context.ts";
import { print } from "../output/terminal.ts";

/** `bb kubeconfig`: what kubectl needs. */
export function kubeconfigCommand(context: CommandContext): Command {
  return new Command("kubeconfig")
    .summary("what kubectl needs to reach this control plane")
    .description(
      "Prints the kubeconfig of this control plane, which holds its token; with --path where it lies.",
    )
    .option("--path", "the path alone")
    .addHelpText("after", "\nExamples:\n  export KUBECONFIG=$(bb kubeconfig --path)\n  kubectl get bottles")
    .action((options: { path?: true }) => kubeconfig(context, options.path === true));
}

async function kubeconfig(context: CommandContext, pathOnly: boolean): Promise<void> {
  await context.connect();
  const path = join(context.config.stateDir, STATE_FILES.kubeconfig);
  print(context.terminal, pathOnly ? `${path}\n` : readFileSync(path, "utf8"));
}
