import { selectRuntime, type MachineImages } from "../../local-runtime/select-runtime.ts";
import type { WantedImage } from "../../reconcilers/contract/image-store.ts";
import { PROVIDERS } from "../../reconcilers/providers/index.ts";
import { CliError } from "./cli-error.ts";
import { pause } from "./clock.ts";
import type { CommandContext } from "./context.ts";
import { startProgress } from "./output/progress.ts";

const LOOK_AGAIN_MS = 250;

/** Builds every image of the product that is not there, with progress. Throws CliError with a build's last lines. */
export async function buildImages(context: CommandContext): Promise<void> {
  await withImages(context, async (images) => {
    for (const { name, image } of wantedImages()) await buildOne(context, images, { name, image });
  });
}

/** Gives the images of this machine to `use`, and ends what it began. */
export async function withImages(
  { config, signal }: CommandContext,
  use: (images: MachineImages) => Promise<void>,
): Promise<void> {
  // images are the machine's, not an instance's
  const machine = await selectRuntime({ ...config, instance: "" });
  const stop = (): void => void machine.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await use(machine.images);
  } finally {
    signal.removeEventListener("abort", stop);
    await machine.close();
  }
}

/** Every image that the product builds. */
export function wantedImages(): { readonly name: string; readonly image: WantedImage }[] {
  return [
    { name: "airlock", image: { kind: "airlock" } },
    { name: "sidecars", image: { kind: "sidecars" } },
    ...PROVIDERS.flatMap(({ name, version }) =>
      version === undefined ? [] : [{ name, image: imageOf(name, version) }],
    ),
  ];
}

/** The image that the product builds for a provider. */
export function imageOf(provider: string, version: string): WantedImage {
  return { kind: "provider", provider, version };
}

async function buildOne(
  context: CommandContext,
  images: MachineImages,
  { name, image }: { readonly name: string; readonly image: WantedImage },
): Promise<void> {
  const { signal, terminal } = context;
  const progress = startProgress(terminal, `image ${name}`);
  for (;;) {
    const state = await images.ensure(image, signal);
    switch (state.kind) {
      case "present":
        return progress.done(`image ${name} is there`);
      case "building":
        progress.step(`image ${name}: ${state.step}`);
        await pause(LOOK_AGAIN_MS, signal);
        break;
      case "failed":
        progress.done();
        throw new CliError(`the image ${name} could not be built:\n${state.lastLines}`, {
          next: "bb doctor says what this machine is missing; then bb images build again",
        });
      case "missing":
        progress.done();
        throw new CliError(`the image ${name} cannot be built here`, {
          next: "bb doctor says what is missing",
        });
      default:
        state satisfies never;
    }
  }
}
