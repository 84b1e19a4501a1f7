import { expect, it } from "vitest";
import { Turns } from "./turns.ts";

it("gives each its turn in order, and none to who gave up waiting", async () => {
  const turns = new Turns(1);
  const first = Promise.withResolvers<void>();
  const giveUp = new AbortController();
  const seen: string[] = [];
  const see = (name: string) => (): Promise<void> => Promise.resolve(void seen.push(name));

  const held = turns.take(() => first.promise);
  const given = turns.take(see("given up"), giveUp.signal);
  const last = turns.take(see("last"), giveUp.signal);
  const other = turns.take(see("other"));
  giveUp.abort(new Error("gone"));

  await expect(given).rejects.toThrow("gone");
  await expect(last).rejects.toThrow("gone");
  await expect(turns.take(see("late"), giveUp.signal)).rejects.toThrow("gone");
  first.resolve();
  await Promise.all([held, other]);
  expect(seen).toEqual(["other"]);
  expect(turns.isFree).toBe(true);
});
