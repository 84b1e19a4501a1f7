import type { Readable } from "node:stream";

/** An image as the engine lists it. */
export interface ImageFacts {
  /** immutable */
  readonly id: string;
  readonly references: readonly string[];
  readonly sizeBytes: number;
  readonly createdAt: Date;
}

/** Told about each line that a build or a download says. */
export type OnLine = (line: string) => void;

export interface BuildRequest {
  /** the build context, a tar stream; read once */
  readonly context: Readable;
  /** path of the Dockerfile in the context */
  readonly dockerfile: string;
  readonly buildArguments: Readonly<Record<string, string>>;
  /** network of RUN steps: never the host's */
  readonly network: "none" | "default";
}

export interface CustomizeRequest {
  /** id or reference of the image to start from */
  readonly image: string;
  readonly argv: readonly string[];
  /** unpacked at / before the command runs, so it is the command that must remove what shall not stay */
  readonly files: Readable;
  /** name of the container while it lives; no label, which the image would inherit */
  readonly name: string;
  /** Dockerfile instructions for the result's configuration */
  readonly changes: readonly string[];
}

/**
 * What the image store needs of an engine. No type of the engine appears here.
 *
 * Every method throws RuntimeUnavailableError when the engine cannot be
 * reached. What makes an image returns its id, without a name, and throws
 * ImageBuildError when the image cannot be made.
 */
export interface ImageEngine {
  /** the engine's own, in Node's words; it need not be this machine's */
  architecture(signal: AbortSignal): Promise<string>;
  /** undefined when it is not there */
  find(reference: string, signal: AbortSignal): Promise<ImageFacts | undefined>;
  /** every image with a name */
  list(signal: AbortSignal): Promise<readonly ImageFacts[]>;
  build(request: BuildRequest, onLine: OnLine, signal: AbortSignal): Promise<string>;
  /** makes an image of a root file system */
  importRoot(root: Readable, changes: readonly string[], signal: AbortSignal): Promise<string>;
  /** runs a command in a container of an image and makes an image of what it left */
  customize(request: CustomizeRequest, onLine: OnLine, signal: AbortSignal): Promise<string>;
  pull(reference: string, onLine: OnLine, signal: AbortSignal): Promise<void>;
  tag(id: string, reference: string, signal: AbortSignal): Promise<void>;
  /** removes an id or a reference; succeeds when it is absent, or stays because something uses it */
  remove(reference: string, signal: AbortSignal): Promise<void>;
  /** removes the container of that name that `customize` left when its process died */
  removeLeftover(name: string, signal: AbortSignal): Promise<void>;
}

/** The image could not be made. */
export class ImageBuildError extends Error {
  override readonly name = "ImageBuildError";
  /** the end of what the build said, for people */
  readonly lastLines: string;
  constructor(lastLines: string, options?: ErrorOptions) {
    super(`the image could not be built: ${lastLines}`, options);
    this.lastLines = lastLines;
  }
}
