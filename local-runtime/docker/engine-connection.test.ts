import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { RuntimeUnavailableError } from "../../reconcilers/contract/errors.ts";
import { EngineConnection } from "./engine-connection.ts";
import { adviceFor, statusOf } from "./engine-errors.ts";

const folder = mkdtempSync(join(tmpdir(), "bb-engine-"));
afterAll(() => rmSync(folder, { recursive: true }));

const signal = new AbortController().signal;
let count = 0;

/** an engine that answers as it is told, and the way to it */
async function anEngine(answer: RequestListener, callTimeoutMs = 5_000) {
  const socketPath = join(folder, `${(count += 1)}.sock`);
  const server = createServer(answer).listen(socketPath);
  await once(server, "listening");
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { connection: new EngineConnection({ socketPath, callTimeoutMs }), close };
}
const inspect = (connection: EngineConnection, during = signal) =>
  connection.call(during, (docker, options) => docker.getContainer("x").inspect(options));

describe("EngineConnection", () => {
  it("returns the engine's answer, and its refusals with their status", async () => {
    const { connection, close } = await anEngine(({ url }, response) => {
      response.statusCode = url?.includes("/x/") === true ? 404 : 200;
      response.end('{"message":"No such container: x"}');
    });

    await expect(inspect(connection)).rejects.toSatisfy((error) => statusOf(error) === 404);
    close();
  });

  it("gives up on an engine that does not answer", async () => {
    const { connection, close } = await anEngine(() => undefined, 100);

    await expect(inspect(connection)).rejects.toThrow(RuntimeUnavailableError);
    await expect(connection.call(signal, (docker) => docker.getNetwork("x").inspect())).rejects.toThrow(
      "does not answer in time",
    );
    close();
  });

  it("gives up on an engine that stops in the middle of an answer", async () => {
    const { connection, close } = await anEngine((_request, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write('{"Id":');
    }, 100);

    await expect(inspect(connection)).rejects.toThrow(RuntimeUnavailableError);
    close();
  });

  it("says that an engine hung up", async () => {
    const { connection, close } = await anEngine((request) => request.socket.destroy());

    await expect(inspect(connection)).rejects.toThrow(RuntimeUnavailableError);
    close();
  });

  it("ends with the caller's own reason when the caller gives up", async () => {
    const { connection, close } = await anEngine(() => undefined);
    const leaving = new AbortController();
    const call = inspect(connection, leaving.signal);

    leaving.abort(new Error("the pass is over"));

    await expect(call).rejects.toThrow("the pass is over");
    await expect(inspect(connection, leaving.signal)).rejects.toThrow("the pass is over");
    close();
  });

  it("leaves an opened stream alone when the time for opening has passed", async () => {
    const { connection, close } = await anEngine((_request, response) => {
      response.writeHead(200).write("{}\n");
      AbortSignal.timeout(300).addEventListener("abort", () => response.end("{}\n"));
    }, 100);

    const stream = await connection.open(signal, (docker, options) => docker.getEvents({ ...options }));
    let text = "";
    for await (const chunk of stream) text += String(chunk);

    expect(text).toBe("{}\n{}\n");
    close();
  });

  it("says what to do when there is no engine", async () => {
    const nowhere = new EngineConnection({ socketPath: join(folder, "none.sock"), callTimeoutMs: 1_000 });

    await expect(inspect(nowhere)).rejects.toThrow(/Docker is not running: there is no .*bb doctor --fix/);
    expect(adviceFor("EACCES", "/run/docker.sock")).toMatch(/no rights to Docker.*join the group docker/);
    expect(adviceFor("ECONNREFUSED", "/run/docker.sock")).toMatch(/nobody listens/);
  });
});
