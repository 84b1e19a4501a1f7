import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EgressRoute } from "../../../crds/egress-route.ts";
import { formsOfLeak } from "../../fixtures/leak-forms.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";
import { echoing, LeakClient, pathsOf, places } from "./leak-kit.ts";
import { givenOf, hostOf, schemes, secretOf } from "./leak-schemes.ts";

/** held by nobody, so that it passes in both directions */
const UNKNOWN = "another-value-q7Wz9LmX2vKp4TbN8cRs5HdYgFj6";
let upstreams: Upstream[] = [];
let world: World;
/** cells of the matrix that were looked at */
let cells = 0;

beforeAll(async () => {
  const named = await Promise.all(
    Object.entries(schemes).map(async ([name, { taken }]) => {
      const upstream = await startUpstream({ answer: echoing((request) => taken(request) ?? "not sent") });
      return [name, upstream] as const;
    }),
  );
  upstreams = named.map(([, upstream]) => upstream);
  const routes: EgressRoute[] = Object.entries(schemes).map(([name, { auth }]) => ({
    host: hostOf(name),
    methods: ["*"],
    auth: { ...auth, secretRef: secretOf(name) },
  }));
  world = await startWorld({
    egress: {
      routes: [...routes, { host: "open.example.com", methods: ["*"], auth: { mode: "passthrough" } }],
    },
    secrets: Object.entries(schemes).map(([name, { value }]) => ({
      ...aSecret(value, hostOf(name)),
      ...secretOf(name),
    })),
    overrides: {
      ...Object.fromEntries(named.map(([name, upstream]) => [`${hostOf(name)}:443`, upstream.port])),
      "open.example.com:443": named[0]![1].port,
    },
  });
});

afterAll(async () => {
  console.log(
    `leak matrix: ${cells} cells (scheme, place, form), each searched for every form, without a leak`,
  );
  await world.close();
  for (const upstream of upstreams) upstream.close();
});

describe.each(Object.entries(schemes))("a credential that is injected as %s", (scheme, { value }) => {
  const given = givenOf(scheme);

  it.each(Object.entries(places))("comes back nowhere in %s", async (name, place) => {
    const before = world.audit.filter(({ code }) => code === "ResponseScrubbed").length;
    const client = new LeakClient(world, hostOf(scheme));
    const { paths, count } = pathsOf(name, place, given);
    for (const path of paths) {
      const received = await client.ask(`https://${hostOf(scheme)}${path}`, {}, place.method);
      expect(
        received.headers["x-bot-bottle-denied"] ?? received.headers["x-bot-bottle-failed"],
      ).toBeUndefined();
      for (const secret of new Set([value, given])) expect(formsOfLeak(received.text, secret)).toEqual([]);
    }
    client.close();
    // the account of it comes after the answer
    const scrubbed = (): number =>
      world.audit.filter(({ code }) => code === "ResponseScrubbed").length - before;
    await expect.poll(scrubbed).toBe(paths.length);
    cells += count;
  });
});

describe("the matrix itself", () => {
  it.each(Object.entries(places))(
    "would see each form in %s, where nothing is scrubbed",
    async (name, place) => {
      const client = new LeakClient(world, "open.example.com");
      const { paths, count } = pathsOf(name, place, UNKNOWN);
      let seen = 0;
      for (const path of paths) {
        const headers = { authorization: `Bearer ${UNKNOWN}`, "accept-encoding": "identity" };
        const received = await client.ask(`https://open.example.com${path}`, headers, place.method);
        const forms = formsOfLeak(received.text, UNKNOWN).length;
        seen += place.one === true ? Number(forms > 0) : forms;
      }
      expect(seen).toBeGreaterThanOrEqual(count);
      client.close();
    },
  );
});
