import { ImageBuildError } from "./image-engine.ts";
import type { ImageEngine, ImageFacts, OnLine } from "./image-engine.ts";
import type { ImageState, ImageStore, WantedImage } from "../../reconcilers/contract/image-store.ts";
import { stepIn } from "./build-step.ts";
import { RuntimeUnavailableError } from "../../reconcilers/contract/errors.ts";
import type { Clock } from "./clock.ts";

/** How an image comes to be, as the store sees it. */
export interface Source {
  /** one build at a time has it */
  readonly name: string;
  /** what to look for; another one when the inputs changed */
  readonly reference: string;
  /** whether a failure means that the image is missing, not that it is broken */
  readonly foreign: boolean;
  /** makes the image under its reference; throws ImageBuildError */
  readonly obtain: (onLine: OnLine, signal: AbortSignal) => Promise<void>;
}

export interface StoreOptions {
  readonly engine: ImageEngine;
  /** undefined when nothing here can make it; throws ImageBuildError when its inputs are wrong */
  readonly sourceOf: (image: WantedImage, signal: AbortSignal) => Promise<Source | undefined>;
  readonly clock: Clock;
}

/** A build that takes longer hangs, as on a mirror that stopped to answer. */
const LIMIT_MS = 45 * 60_000;

/** How long a failed build rests, unless its inputs change. */
export const PAUSE_MS = 60_000;

interface Build {
  step: string;
  readonly done: Promise<void>;
}

interface Failure {
  readonly reference: string;
  readonly at: number;
  readonly state: ImageState;
}

/** ImageStore on a machine's engine: builds in the background, one at a time for each image. */
export class LocalImageStore implements ImageStore {
  readonly #options: StoreOptions;
  readonly #builds = new Map<string, Build>();
  readonly #failures = new Map<string, Failure>();
  readonly #closing = new AbortController();

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  async ensure(image: WantedImage, signal: AbortSignal): Promise<ImageState> {
    try {
      const source = await this.#options.sourceOf(image, signal);
      return source === undefined ? { kind: "missing" } : await this.#stateOf(source, signal);
    } catch (error) {
      if (error instanceof ImageBuildError) return { kind: "failed", lastLines: error.lastLines };
      throw error;
    }
  }

  /** whether the image is there; starts nothing */
  async has(image: WantedImage, signal: AbortSignal): Promise<boolean> {
    try {
      const source = await this.#options.sourceOf(image, signal);
      return (
        source !== undefined && (await this.#options.engine.find(source.reference, signal)) !== undefined
      );
    } catch (error) {
      if (error instanceof ImageBuildError) return false;
      throw error;
    }
  }

  /** every image of the product on this machine, wanted or left from before */
  async list(signal: AbortSignal): Promise<readonly ImageFacts[]> {
    const all = await this.#options.engine.list(signal);
    return all.filter(({ references }) =>
      references.some((reference) => reference.startsWith("bot-bottle/")),
    );
  }

  /** what other versions of the product left under the names of these images */
  async superseded(images: readonly WantedImage[], signal: AbortSignal): Promise<readonly ImageFacts[]> {
    const sources = await Promise.all(images.map((image) => this.#options.sourceOf(image, signal)));
    const wanted = sources.flatMap((source) => (source === undefined ? [] : [source.reference]));
    const names = new Set(wanted.map(repositoryOf));
    const all = await this.list(signal);
    return all.filter(
      ({ references }) =>
        references.every((reference) => names.has(repositoryOf(reference))) &&
        !references.some((reference) => wanted.includes(reference)),
    );
  }

  /** removes a reference; one that a container uses stays */
  async remove(reference: string, signal: AbortSignal): Promise<void> {
    await this.#options.engine.remove(reference, signal);
  }

  /** aborts what is being built and waits until it has ended */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#builds.values()].map(({ done }) => done));
  }

  async #stateOf(source: Source, signal: AbortSignal): Promise<ImageState> {
    const found = await this.#options.engine.find(source.reference, signal);
    if (found !== undefined) return { kind: "present", id: found.id };
    const running = this.#builds.get(source.name);
    if (running !== undefined) return { kind: "building", step: running.step };
    return this.#restingFailure(source) ?? this.#start(source);
  }

  #restingFailure({ name, reference }: Source): ImageState | undefined {
    const failure = this.#failures.get(name);
    if (failure?.reference !== reference) return undefined;
    return this.#options.clock.now() - failure.at < PAUSE_MS ? failure.state : undefined;
  }

  #start(source: Source): ImageState {
    this.#failures.delete(source.name);
    const onLine = (line: string): void => {
      build.step = stepIn(line) ?? build.step;
    };
    const build: Build = { step: "starting", done: this.#run(source, onLine) };
    this.#builds.set(source.name, build);
    return { kind: "building", step: build.step };
  }

  async #run(source: Source, onLine: OnLine): Promise<void> {
    // The map must know the build before it can end.
    await Promise.resolve();
    try {
      await source.obtain(onLine, AbortSignal.any([this.#closing.signal, AbortSignal.timeout(LIMIT_MS)]));
    } catch (error) {
      this.#remember(source, error);
    } finally {
      this.#builds.delete(source.name);
    }
  }

  #remember({ name, reference, foreign }: Source, error: unknown): void {
    // A dead engine says nothing about the image; the next look tells.
    if (this.#closing.signal.aborted || error instanceof RuntimeUnavailableError) return;
    const lastLines = error instanceof ImageBuildError ? error.lastLines : (error as Error).message;
    const state: ImageState = foreign ? { kind: "missing" } : { kind: "failed", lastLines };
    this.#failures.set(name, { reference, at: this.#options.clock.now(), state });
  }
}

const repositoryOf = (reference: string): string => reference.slice(0, reference.lastIndexOf(":"));
