import { pathOf, resolveResource } from "./api/discovery.ts";
import type { CommandContext } from "./context.ts";
import { print } from "./output/terminal.ts";
import { bottleName, qualifiedName } from "./targets.ts";
import { waitFor, type Wanted } from "./wait-for.ts";

/** Asks for an operating mode of bottles, and waits until they have it. */
export async function changeOperatingMode(
  context: CommandContext,
  names: readonly string[],
  asked: {
    readonly mode: "Running" | "Suspended";
    readonly wanted: Wanted;
    readonly done: string;
    readonly namespace: string;
    readonly wait: boolean;
    readonly timeout: number;
  },
): Promise<void> {
  const client = await context.connect();
  const resource = await resolveResource(client, "bottle");
  const { namespace } = asked;
  const bottles = names.map(bottleName);
  for (const name of bottles) {
    await client.call(pathOf(resource, { namespace, name }), {
      method: "PATCH",
      contentType: "application/merge-patch+json",
      body: { spec: { operatingMode: asked.mode } },
    });
  }
  for (const name of bottles) {
    const awaited = { resource, name, namespace };
    if (asked.wait)
      await waitFor(context, client, { awaited, wanted: asked.wanted, timeoutMs: asked.timeout });
    print(context.terminal, `${qualifiedName(resource, name)} ${asked.done}\n`);
  }
}
