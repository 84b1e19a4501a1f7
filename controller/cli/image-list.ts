import { ageOf } from "./clock.ts";
import type { CommandContext } from "./context.ts";
import { withImages } from "./machine-images.ts";
import { toJson, toYaml } from "./output/print-object.ts";
import { formatTable } from "./output/table.ts";
import { print, say } from "./output/terminal.ts";
import { supersededReferences } from "./superseded-images.ts";

/** Lists the images of the product on this machine. */
export async function listImages(
  context: CommandContext,
  output: "json" | "yaml" | undefined,
): Promise<void> {
  await withImages(context, async (images) => {
    const [all, old] = await Promise.all([
      images.list(context.signal),
      supersededReferences(images, context.signal),
    ]);
    const facts = all.map((each) => ({
      ...each,
      superseded: each.references.some((reference) => old.has(reference)),
    }));
    if (output === "json") return print(context.terminal, toJson(facts));
    if (output === "yaml") return print(context.terminal, await toYaml(facts));
    if (facts.length === 0)
      return say(context.terminal, "there are no images yet; bb images build makes them");
    const rows = facts.map(({ references, id, sizeBytes, createdAt, superseded }) => [
      references.join(", "),
      id.replace("sha256:", "").slice(0, 12),
      `${Math.round(sizeBytes / 1_000_000)} MB`,
      ageOf(createdAt.toISOString()),
      superseded ? "superseded" : "current",
    ]);
    print(context.terminal, formatTable(["IMAGE", "ID", "SIZE", "AGE", "STATE"], rows));
    if (old.size > 0) say(context.terminal, `${old.size} superseded; bb images prune removes them`);
  });
}
