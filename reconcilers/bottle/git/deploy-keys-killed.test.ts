import { describe, expect, it } from "vitest";
import { BottleWorld } from "../../../tests/bottle-world.ts";
import { APP, giveToken, spec } from "../../../tests/deploy-key-kit.ts";

describe("a controller that dies at any moment", () => {
  async function momentsOf(act: (of: BottleWorld) => Promise<unknown>): Promise<string[]> {
    const of = new BottleWorld();
    giveToken(of);
    const moments: string[] = [];
    of.onMoment = (moment) => moments.push(moment);
    await act(of);
    of.close();
    return moments;
  }

  const live = async (of: BottleWorld): Promise<void> => {
    await of.apply(spec(APP));
    await of.converge();
    await of.delete();
    await of.converge();
  };

  it("leaves no key at the forge once its bottle is gone", async () => {
    const moments = await momentsOf(live);
    expect(moments).toContain("after a key is made");

    for (const [index, moment] of moments.entries()) {
      const of = new BottleWorld();
      giveToken(of);
      let count = 0;
      of.onMoment = () => {
        if (count++ === index) of.die();
      };
      await live(of).catch(() => undefined);
      of.restart();
      // the spec that it comes back to has no remote, so that only the note knows of the key
      if ((await of.get())?.metadata.deletionTimestamp === undefined) await of.apply().catch(() => undefined);
      await of.converge();
      await of.delete().catch(() => undefined);
      await of.converge();
      expect({ moment, keys: of.forge.keys, wrongs: of.wrongs }).toEqual({ moment, keys: [], wrongs: [] });
      of.close();
    }
  });
});
