import { execa } from "execa";
import { createHash } from "node:crypto";
import { access, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { packContext } from "../context.ts";
import type { ContextEntry } from "../context.ts";
import { ImageBuildError } from "../image-engine.ts";
import type { ImageEngine, OnLine } from "../image-engine.ts";
import type { BaseRecipe } from "../recipe.ts";
import { withDebianRoot } from "./debootstrap.ts";

export interface BaseOptions {
  readonly engine: ImageEngine;
  readonly productRoot: string;
  /** ours alone while the base is made */
  readonly workFolder: string;
  /** Debian's image where a registry answers */
  readonly debianImage: string;
  /** the host's extra CA certificates, for a mirror behind a TLS-opening proxy */
  readonly hostCaFile?: string | undefined;
}

interface Follow {
  readonly onLine: OnLine;
  readonly signal: AbortSignal;
}

const CONFIGURATION = [
  "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "ENV LANG=C.UTF-8",
  'CMD ["bash"]',
];

/** The container of a base image in the making; it goes with the work folder, so one that is there is left over. */
const containerFor = (workFolder: string): string =>
  `bot-bottle-base-${createHash("sha256").update(workFolder).digest("hex").slice(0, 12)}`;

/** How long a registry may say nothing before it counts as one that does not answer. */
const REGISTRY_SILENCE_MS = 20_000;

/**
 * Makes the base image and returns its id: from Debian's image where a registry answers, with debootstrap where none
 * does. Throws ImageBuildError that says what either way lacked.
 */
export async function makeBase(recipe: BaseRecipe, options: BaseOptions, follow: Follow): Promise<string> {
  const reasons: string[] = [];
  for (const way of [fromRegistry, fromMirror]) {
    try {
      return await way(recipe, options, follow);
    } catch (error) {
      follow.signal.throwIfAborted();
      if (!(error instanceof ImageBuildError)) throw error;
      reasons.push(error.lastLines);
      follow.onLine(error.lastLines);
    }
  }
  throw new ImageBuildError(reasons.join("\n"));
}

async function fromRegistry(
  recipe: BaseRecipe,
  { engine, productRoot, debianImage, hostCaFile, workFolder }: BaseOptions,
  { onLine, signal }: Follow,
): Promise<string> {
  if ((await engine.find(debianImage, signal)) === undefined)
    await pullInTime(engine, debianImage, { onLine, signal });
  const scripts = await Promise.all(
    ["install.sh", "gitleaks.sh"].map(async (name): Promise<ContextEntry> => {
      const content = await readFile(join(productRoot, "local-runtime/images/base", name));
      return { kind: "file", path: `tmp/bot-bottle/${name}`, mode: 0o755, content };
    }),
  );
  const ca = hostCaFile === undefined ? "" : await readFile(hostCaFile);
  const files = packContext(
    [...scripts, { kind: "file", path: "tmp/bot-bottle/ca.pem", mode: 0o644, content: ca }],
    () => Promise.reject(new Error("no package belongs here")),
  );
  const name = containerFor(workFolder);
  await engine.removeLeftover(name, signal);
  const argv = ["/tmp/bot-bottle/install.sh", ...recipe.packages];
  const request = { image: debianImage, argv, files, name, changes: CONFIGURATION };
  return engine.customize(request, onLine, signal);
}

async function pullInTime(engine: ImageEngine, reference: string, { onLine, signal }: Follow): Promise<void> {
  const silence = new AbortController();
  const tooLong = AbortSignal.timeout(REGISTRY_SILENCE_MS);
  tooLong.addEventListener("abort", () => silence.abort());
  let spoke = false;
  const heard = (line: string): void => {
    spoke = true;
    onLine(line);
  };
  try {
    await engine.pull(reference, heard, AbortSignal.any([signal, silence.signal]));
  } catch (error) {
    if (!spoke && tooLong.aborted) throw new ImageBuildError(`no registry answers for ${reference}`);
    throw error;
  }
}

async function fromMirror(
  recipe: BaseRecipe,
  { engine, productRoot, workFolder }: BaseOptions,
  { onLine, signal }: Follow,
): Promise<string> {
  await assertMirrorUsable(engine, { onLine, signal });
  await rm(workFolder, { recursive: true, force: true });
  await mkdir(workFolder, { recursive: true, mode: 0o700 });
  const script = join(productRoot, "local-runtime/images/base/debootstrap.sh");
  return withDebianRoot(
    recipe,
    { workFolder, script },
    (root) => engine.importRoot(root, CONFIGURATION, signal),
    { onLine, signal },
  );
}

async function assertMirrorUsable(engine: ImageEngine, { onLine, signal }: Follow): Promise<void> {
  const foreign = (await engine.architecture(signal)) !== process.arch;
  if (process.platform !== "linux" || process.getuid?.() !== 0 || foreign) {
    throw new ImageBuildError(
      "Without a registry the base image is made with debootstrap, which needs root on a Debian machine of the " +
        "engine's architecture. Run `bb images build` as root once, or let Docker reach a registry.",
    );
  }
  if (await exists("/usr/sbin/debootstrap")) return;
  onLine("installing debootstrap");
  const options = {
    cancelSignal: signal,
    reject: false,
    env: { DEBIAN_FRONTEND: "noninteractive" },
  } as const;
  await execa("apt-get", ["--quiet", "update"], options);
  const { exitCode, stderr } = await execa(
    "apt-get",
    ["--quiet", "--yes", "install", "debootstrap"],
    options,
  );
  signal.throwIfAborted();
  if (exitCode !== 0) throw new ImageBuildError(`apt-get could not install debootstrap: ${stderr ?? ""}`);
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
