import { execa } from "execa";
import { chmod } from "node:fs/promises";
import { systemClock } from "../images/clock.ts";
import type { Repair } from "./check.ts";
import type { DoctorOptions, Follow } from "./options.ts";
import { startDocker } from "./start-docker.ts";

/** What each repair does. Safe to repeat; throws with words for people when it could not. */
export const repairs: Readonly<Record<Repair, (options: DoctorOptions, follow: Follow) => Promise<void>>> = {
  closeStateFolder: ({ stateDir }) => chmod(stateDir, 0o700),
  installDocker: (_options, follow) => installDocker(follow),
  startDocker,
  buildImages,
};

async function installDocker({ onProgress, signal }: Follow): Promise<void> {
  const install = ["install", "--yes", "docker.io", "iptables"];
  for (const argv of [["update"], install]) {
    // Another apt-get may be at work, as on a machine that was just started.
    const child = execa("apt-get", ["--quiet", "--option", "DPkg::Lock::Timeout=120", ...argv], {
      cancelSignal: signal,
      reject: false,
      all: true,
      stdin: "ignore",
      env: { DEBIAN_FRONTEND: "noninteractive" },
    });
    for await (const line of child.iterable({ from: "all" })) onProgress(`apt-get: ${line}`);
    const { exitCode, all } = await child;
    signal.throwIfAborted();
    if (exitCode !== 0) throw new Error(`apt-get ${argv.join(" ")} failed:\n${lastLinesOf(all)}`);
  }
}

const LOOK_AGAIN_MS = 250;

async function buildImages(
  { images, wantedImages }: DoctorOptions,
  { onProgress, signal }: Follow,
): Promise<void> {
  for (const { name, image } of wantedImages) {
    for (let state = await images.ensure(image, signal); state.kind !== "present";) {
      if (state.kind !== "building")
        throw new Error(`${name}: ${state.kind === "failed" ? state.lastLines : state.kind}`);
      onProgress(`image ${name}: ${state.step}`);
      await systemClock.sleep(LOOK_AGAIN_MS, signal);
      state = await images.ensure(image, signal);
    }
  }
}

const lastLinesOf = (text: string): string => text.trimEnd().split("\n").slice(-10).join("\n");
