import { join } from "node:path";
import { Command } from "commander";
import { STATE_FILES } from "../../state-folder.ts";
import { pathOf, resolveResource } from "../api/discovery.ts";
import type { ApiClient } from "../api/api-client.ts";
import { conditionOf, type KubeList } from "../api/objects.ts";
import { EXIT } from "../cli-error.ts";
import { ageOf } from "../clock.ts";
import type { CommandContext } from "../context.ts";
import { outputOption } from "../options.ts";
import { toJson, toYaml } from "../output/print-object.ts";
import { formatRows } from "../output/table.ts";
import { print } from "../output/terminal.ts";

/** `bb status`: whether the control plane runs, and where its things are. Starts nothing. */
export function statusCommand(context: CommandContext): Command {
  return new Command("status")
    .summary("whether the control plane runs")
    .description(
      "Says whether the control plane runs and where its things are. Exit code 1 when it does not run.",
    )
    .addOption(outputOption(["json", "yaml"]))
    .addHelpText("after", "\nExamples:\n  bb status\n  bb status -o json | jq -r .controlPlane")
    .action((options: { output?: "json" | "yaml" }) => status(context, options.output));
}

async function status(context: CommandContext, output: "json" | "yaml" | undefined): Promise<void> {
  const { connectRunning } = await import("../control-plane/running.ts");
  const client = await connectRunning(context.config, context.signal);
  const facts = {
    ...(client === undefined ? { controlPlane: "not running" } : await running(client)),
    ...places(context),
  };
  client?.close();
  if (client === undefined) context.exitWith(EXIT.failed);
  if (output === "json") print(context.terminal, toJson(facts));
  else if (output === "yaml") print(context.terminal, await toYaml(facts));
  else
    print(
      context.terminal,
      formatRows(Object.entries(facts).map(([name, value]) => [labelOf(name), String(value)])),
    );
}

async function running(client: ApiClient): Promise<Record<string, string | number>> {
  const { connection } = client;
  const list = await client.call<KubeList>(pathOf(await resolveResource(client, "bottles"), {}));
  const ready = list.items.filter((bottle) => conditionOf(bottle, "Ready")?.status === "True");
  return {
    controlPlane: "running",
    server: connection.url,
    process: connection.pid,
    up: ageOf(connection.startedAt),
    version: connection.version,
    runtime: connection.runtime,
    bottles: list.items.length,
    ready: ready.length,
  };
}

function places({ config }: CommandContext): Record<string, string> {
  return {
    stateFolder: config.stateDir,
    log: join(config.stateDir, STATE_FILES.log),
    kubeconfig: join(config.stateDir, STATE_FILES.kubeconfig),
  };
}

/** `stateFolder` as words. */
function labelOf(name: string): string {
  return `${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}:`;
}
