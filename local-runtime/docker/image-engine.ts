import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { RuntimeUnavailableError } from "../../reconcilers/contract/errors.ts";
import { ImageBuildError } from "../images/image-engine.ts";
import type {
  BuildRequest,
  CustomizeRequest,
  ImageEngine,
  ImageFacts,
  OnLine,
} from "../images/image-engine.ts";
import type { CallOptions, EngineConnection } from "./engine-connection.ts";
import { messageOf, statusOf, unlessStatus } from "./engine-errors.ts";
import { followImageStream, followLines } from "./image-stream.ts";

/** A build, an import or a download that takes longer hangs. */
const BUILD_LIMIT_MS = 30 * 60_000;

type Request<T> = (docker: Docker, options: CallOptions) => Promise<T>;

/** ImageEngine on Docker's classic builder, which every engine has. */
export class DockerImageEngine implements ImageEngine {
  readonly #connection: EngineConnection;

  constructor(connection: EngineConnection) {
    this.#connection = connection;
  }

  async architecture(signal: AbortSignal): Promise<string> {
    const { Arch } = await this.#connection.call(signal, (docker) => docker.version());
    return nodeArchitecture(Arch);
  }

  async find(reference: string, signal: AbortSignal): Promise<ImageFacts | undefined> {
    const inspection = this.#connection.call(signal, (docker, call) =>
      docker.getImage(reference).inspect(call as object),
    );
    const found = await unlessStatus([404], inspection);
    if (found === undefined) return undefined;
    const { Id: id, RepoTags, Size: sizeBytes, Created } = found;
    return { id, references: RepoTags ?? [], sizeBytes, createdAt: new Date(Created) };
  }

  async list(signal: AbortSignal): Promise<readonly ImageFacts[]> {
    const images = await this.#connection.call(signal, (docker, call) => docker.listImages(call));
    return images.map(factsOf).filter(({ references }) => references.length > 0);
  }

  build(request: BuildRequest, onLine: OnLine, signal: AbortSignal): Promise<string> {
    const { context, dockerfile, buildArguments, network } = request;
    const wanted = { dockerfile, buildargs: { ...buildArguments }, networkmode: network };
    const options = { ...wanted, rm: true, forcerm: true };
    return this.#made(signal, (docker, call) => docker.buildImage(context, { ...options, ...call }), onLine);
  }

  importRoot(root: Readable, changes: readonly string[], signal: AbortSignal): Promise<string> {
    const options = { changes: [...changes] };
    return this.#made(signal, (docker, call) => docker.importImage(root, { ...options, ...call }));
  }

  customize(request: CustomizeRequest, onLine: OnLine, signal: AbortSignal): Promise<string> {
    return customize(this.#connection, request, onLine, signal);
  }

  async pull(reference: string, onLine: OnLine, signal: AbortSignal): Promise<void> {
    await follow(this.#connection, signal, (docker, call) => docker.pull(reference, call), onLine);
  }

  async tag(id: string, reference: string, signal: AbortSignal): Promise<void> {
    const colon = reference.lastIndexOf(":");
    const [repo, tag] = [reference.slice(0, colon), reference.slice(colon + 1)];
    await this.#connection.call(signal, (docker, call) => docker.getImage(id).tag({ repo, tag, ...call }));
  }

  async remove(reference: string, signal: AbortSignal): Promise<void> {
    const removal = this.#connection.call(signal, (docker, call) => docker.getImage(reference).remove(call));
    await unlessStatus([404, 409], removal);
  }

  removeLeftover(name: string, signal: AbortSignal): Promise<void> {
    return removeContainer(this.#connection, name, signal);
  }

  async #made(
    signal: AbortSignal,
    request: Request<NodeJS.ReadableStream>,
    onLine: OnLine = () => undefined,
  ): Promise<string> {
    const id = await follow(this.#connection, signal, request, onLine);
    if (id === undefined) throw new ImageBuildError("Docker ended the build without naming an image");
    return id;
  }
}

async function customize(
  connection: EngineConnection,
  request: CustomizeRequest,
  onLine: OnLine,
  signal: AbortSignal,
): Promise<string> {
  const { image, argv, name, files } = request;
  // A terminal keeps the output one plain stream, in the order in which it was written.
  const wanted = { name, Image: image, Cmd: [...argv], Tty: true };
  const container = await accepted(connection, signal, (docker, call) =>
    docker.createContainer({ ...wanted, ...call }),
  );
  const long = <T>(act: (call: CallOptions) => Promise<T>): Promise<T> =>
    connection.call(signal, (_docker, call) => act(call), BUILD_LIMIT_MS);
  try {
    await long((call) => container.putArchive(files, { path: "/", ...call }));
    const output = await long((call) =>
      container.attach({ stream: true, stdout: true, stderr: true, ...call }),
    );
    const lastLines = followLines(output, onLine);
    await long((call) => container.start(call));
    const { StatusCode } = (await long((call) => container.wait(call))) as { StatusCode: number };
    const said = await lastLines;
    if (StatusCode !== 0) throw new ImageBuildError(said);
    const committed: unknown = await long((call) =>
      container.commit({ changes: request.changes.join("\n"), ...call }),
    );
    return (committed as { Id: string }).Id;
  } finally {
    // Also when the caller gave up: nothing half-made stays.
    await removeContainer(connection, name, AbortSignal.timeout(BUILD_LIMIT_MS));
  }
}

async function removeContainer(
  connection: EngineConnection,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const removal = connection.call(signal, (docker, call) =>
    docker.getContainer(name).remove({ force: true, v: true, ...call }),
  );
  await unlessStatus([404, 409], removal);
}

/** The id that a long answer named; a connection that breaks in the middle is RuntimeUnavailableError. */
async function follow(
  connection: EngineConnection,
  signal: AbortSignal,
  request: Request<NodeJS.ReadableStream>,
  onLine: OnLine,
): Promise<string | undefined> {
  const stream = await accepted(connection, signal, request);
  try {
    return await followImageStream(stream, onLine);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ImageBuildError) throw error;
    throw new RuntimeUnavailableError("the connection to Docker broke during a build", { cause: error });
  }
}

/** A refusal, as of a Dockerfile that cannot be read, is a failed build and no failure of the engine. */
async function accepted<T>(
  connection: EngineConnection,
  signal: AbortSignal,
  request: Request<T>,
): Promise<T> {
  try {
    return await connection.call(signal, request, BUILD_LIMIT_MS);
  } catch (error) {
    if (statusOf(error) === undefined) throw error;
    throw new ImageBuildError(messageOf(error), { cause: error });
  }
}

const factsOf = ({ Id, RepoTags, Size, Created }: Docker.ImageInfo): ImageFacts => ({
  id: Id,
  references: (RepoTags ?? []).filter((reference) => !reference.startsWith("<none>")),
  sizeBytes: Size,
  createdAt: new Date(Created * 1000),
});

const nodeArchitecture = (architecture: string): string =>
  ({ amd64: "x64", x86_64: "x64", aarch64: "arm64" })[architecture] ?? architecture;
