import { randomBytes } from "node:crypto";
import { afterAll, expect, it } from "vitest";
import { removeOutside, startOutside } from "../../local-runtime/docker/outside-container.ts";
import { Uplink } from "../../local-runtime/docker/uplink.ts";
import { builtImage, CLAUDE, connection } from "./images-support.ts";

const instance = `t${randomBytes(5).toString("hex")}`;
const signal = AbortSignal.timeout(50_000);

const PROGRAM = `
const server = require("node:http").createServer((request, response) => {
  console.log("saw " + request.url);
  response.end("outside");
});
server.listen(8080, () => console.log("ready"));
`;

afterAll(async () => {
  await removeOutside(connection, instance, AbortSignal.timeout(30_000));
  await new Uplink(connection, instance).remove(AbortSignal.timeout(30_000));
});

/** What `curl` prints in a container on a network. */
async function curlFrom(network: string, image: string, url: string): Promise<string> {
  const argv = ["sh", "-c", `curl --silent --max-time 3 ${url} || echo refused`];
  const container = await connection.docker.createContainer({
    Image: image,
    Entrypoint: argv.slice(0, 1),
    Cmd: argv.slice(1),
    Tty: true,
    HostConfig: { NetworkMode: network },
  });
  try {
    await container.start();
    await container.wait();
    return (await container.logs({ stdout: true })).toString().trim();
  } finally {
    await container.remove({ force: true });
  }
}

it("plays a host that only the instance's sidecars reach, and leaves nothing behind", async () => {
  const image = await builtImage(CLAUDE);
  const outside = await startOutside(
    connection,
    instance,
    {
      name: "web",
      image,
      argv: ["/usr/local/bin/node", "/outside.cjs"],
      files: { "/outside.cjs": PROGRAM },
      port: 8080,
    },
    signal,
  );
  const url = `http://${outside.address}:${outside.port}`;

  expect(await curlFrom(`bb-${instance}-uplink`, image, `${url}/from-uplink`)).toBe("outside");
  const published = await connection.docker.getContainer(`bb-${instance}-outside-web`).inspect();
  expect(published.NetworkSettings.Ports["8080/tcp"]).toEqual([
    { HostIp: outside.address, HostPort: String(outside.port) },
  ]);
  expect(await outside.lines(signal)).toEqual(["ready", "saw /from-uplink"]);

  expect((await outside.run(["id", "-u"], signal)).output.trim()).toBe("65534");

  await removeOutside(connection, instance, signal);
  const left = await connection.docker.listContainers({ all: true, filters: { name: [instance] } });
  const networks = await connection.docker.listNetworks({ filters: { name: [`${instance}-outside`] } });
  expect([left, networks]).toEqual([[], []]);
});

it("says what the program said when it does not get ready, and leaves nothing behind", async () => {
  const image = await builtImage(CLAUDE);
  const spec = {
    name: "web",
    image,
    argv: ["/usr/local/bin/node", "-e", "console.log('no luck')"],
    files: {},
    port: 8080,
  };
  await expect(startOutside(connection, instance, spec, signal)).rejects.toThrow(
    "the program ended before it was ready: no luck",
  );
  const left = await connection.docker.listContainers({ all: true, filters: { name: [instance] } });
  expect(left).toEqual([]);
});
