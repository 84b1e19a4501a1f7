import { Command } from "commander";
import { pathOf, resolveResource } from "../api/discovery.ts";
import type { KubeList } from "../api/objects.ts";
import type { CommandContext } from "../context.ts";
import { changeOperatingMode } from "../operating-mode.ts";
import { limitedBy, timeoutOption } from "../options.ts";
import { say } from "../output/terminal.ts";

interface Options {
  readonly all?: true;
  readonly timeout: number;
}

/** `bb down`: ends the control plane; bottles go on unless `--all` is given. */
export function downCommand(context: CommandContext): Command {
  return new Command("down")
    .summary("end the control plane; bottles go on")
    .description(
      "Ends the control plane. Bottles go on as they are; with --all they are stopped first, homes kept.",
    )
    .option("--all", "stop every bottle first")
    .addOption(timeoutOption("how long to wait", "1m"))
    .addHelpText("after", "\nExamples:\n  bb down\n  bb down --all")
    .action((options: Options) => down(context, options));
}

async function down(context: CommandContext, options: Options): Promise<void> {
  if (options.all === true) await stopBottles(context, options.timeout);
  const { stopControlPlane } = await import("../control-plane/stop.ts");
  const ran = await stopControlPlane(context.config, limitedBy(context.signal, options.timeout));
  say(context.terminal, ran ? "the control plane has ended" : "no control plane was running");
}

async function stopBottles(context: CommandContext, timeout: number): Promise<void> {
  const client = await context.connect();
  const bottles = await client.call<KubeList>(pathOf(await resolveResource(client, "bottles"), {}));
  const byNamespace = Map.groupBy(bottles.items, ({ metadata }) => metadata.namespace ?? "default");
  for (const [namespace, items] of byNamespace) {
    const names = items.map(({ metadata }) => metadata.name);
    const wanted = { type: "Suspended", status: "True" };
    await changeOperatingMode(context, names, {
      mode: "Suspended",
      wanted,
      done: "stopped",
      namespace,
      wait: true,
      timeout,
    });
  }
}
