import type { MachineImages } from "../../local-runtime/select-runtime.ts";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./context.ts";
import { wantedImages, withImages } from "./machine-images.ts";
import { confirm } from "./output/confirm.ts";
import { startProgress } from "./output/progress.ts";
import { print, say } from "./output/terminal.ts";

type Facts = Awaited<ReturnType<MachineImages["list"]>>;

export interface PruneOptions {
  readonly yes?: true;
  readonly dryRun?: true;
}

/** References of images that other versions of the product left. */
export async function supersededReferences(images: MachineImages, signal: AbortSignal): Promise<Set<string>> {
  return new Set(referencesOf(await supersededOf(images, signal)));
}

/** Says which images other versions of the product left, asks, and removes those that no container uses. */
export async function pruneImages(context: CommandContext, options: PruneOptions): Promise<void> {
  await withImages(context, async (images) => {
    const { terminal, signal } = context;
    const before = await supersededOf(images, signal);
    if (before.length === 0) return say(terminal, "no image is superseded");
    say(terminal, options.dryRun === true ? "would remove:" : "will remove, unless a container uses it:");
    for (const reference of referencesOf(before)) print(terminal, `  image ${reference}\n`);
    if (options.dryRun === true) return;
    if (options.yes !== true && !(await confirm(terminal, "remove all of this?", signal))) {
      throw new CliError("nothing was removed");
    }
    await removeAll(context, images, before);
    const left = referencesOf(await supersededOf(images, signal));
    const stay = left.length === 0 ? "" : `; in use: ${left.join(", ")}`;
    say(terminal, `removed ${before.length - left.length} of ${before.length} images${stay}`);
  });
}

async function removeAll(context: CommandContext, images: MachineImages, facts: Facts): Promise<void> {
  const progress = startProgress(context.terminal, "removing");
  try {
    for (const reference of referencesOf(facts)) {
      progress.step(`removing ${reference}`);
      await images.remove(reference, context.signal);
    }
  } finally {
    progress.done();
  }
}

const supersededOf = (images: MachineImages, signal: AbortSignal): Promise<Facts> =>
  images.superseded(
    wantedImages().map(({ image }) => image),
    signal,
  );

const referencesOf = (facts: Facts): string[] => facts.flatMap(({ references }) => references);
