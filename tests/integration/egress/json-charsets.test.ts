import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Answer, request } from "./client.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const HOST = "api.anthropic.com";

describe.each(["full", "inject-only"] as const)("JSON to a model's provider with scan %s", (scan) => {
  let upstream: Upstream;
  let world: World;
  beforeAll(async () => {
    upstream = await startUpstream();
    const egress = { routes: [{ host: HOST, methods: ["*"], scan }] };
    world = await startWorld({ egress, overrides: { [`${HOST}:443`]: upstream.port } });
  });
  beforeEach(() => void upstream.seen.splice(0));
  afterAll(async () => {
    await world.close();
    upstream.close();
  });
  const post = (body: string, contentType: string): Promise<Answer> =>
    request(world, `https://${HOST}/v1/messages`, {
      method: "POST",
      body,
      headers: { "content-type": contentType },
    });

  it.each(["utf-16", "UTF-7", '"iso-2022-jp"', "utf-8;charset=utf-16le"])(
    "is refused when it says that it is in %s",
    async (charset) => {
      const answer = await post('{"model":"a"}', `application/json; charset=${charset}`);
      expect(answer.denied).toBe("ServerToolRefused");
      expect(JSON.parse(answer.body)).toMatchObject({
        because: expect.stringContaining("send JSON in UTF-8"),
      });
      expect(upstream.seen).toEqual([]);
    },
  );

  it.each(["utf-8", '"UTF8"', "us-ascii"])("passes when it says that it is in %s", async (charset) => {
    expect((await post('{"model":"a"}', `application/json; charset=${charset}`)).status).toBe(200);
  });
});
