import type { Readable } from "node:stream";
import type { GetEventsOptions } from "dockerode";
import * as z from "zod";
import { RuntimeUnavailableError } from "../../reconcilers/contract/errors.ts";
import { LABELS } from "../../reconcilers/shared/naming.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { labelFilter } from "./labels.ts";

/** What is used of an engine's event: labels of the container are its actor's attributes. */
const ContainerEvent = z.object({
  Actor: z.object({ Attributes: z.record(z.string(), z.string()) }),
});

/** Events that change what a pass would see; execs and attaches are many and change nothing. */
const TELLING = ["create", "start", "die", "oom", "pause", "unpause", "destroy"];

/** Owners of containers of this instance to which something happened, until `signal` or the engine ends it. */
export async function* ownerHints(
  connection: EngineConnection,
  instance: string,
  signal: AbortSignal,
): AsyncIterable<{ readonly ownerUid: string }> {
  const filters = { ...labelFilter(instance), type: ["container"], event: TELLING };
  const stream = (await connection.open(signal, (docker, options) =>
    docker.getEvents({ filters, ...options } as GetEventsOptions),
  )) as Readable;
  for await (const line of linesOf(stream, signal)) {
    const ownerUid = ownerUidOf(line);
    if (ownerUid !== undefined) yield { ownerUid };
  }
}

async function* linesOf(stream: Readable, signal: AbortSignal): AsyncIterable<string> {
  const close = (): void => void stream.destroy();
  signal.addEventListener("abort", close, { once: true });
  let rest = "";
  try {
    for await (const chunk of stream.setEncoding("utf8")) {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } catch (error) {
    if (!signal.aborted) throw new RuntimeUnavailableError("the engine's events broke off", { cause: error });
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

function ownerUidOf(line: string): string | undefined {
  if (line.trim() === "") return undefined;
  const event = ContainerEvent.safeParse(JSON.parse(line));
  return event.success ? event.data.Actor.Attributes[LABELS.uid] : undefined;
}
