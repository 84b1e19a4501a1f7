import { Socket } from "node:net";
import { expect, it } from "vitest";
import { ConnectionLimit } from "./connection-limit.ts";

it("lets the connection go that was used longest ago, and forgets those that closed", async () => {
  const limit = new ConnectionLimit(2);
  const [first, second, third, fourth] = Array.from({ length: 4 }, () => new Socket()) as [
    Socket,
    Socket,
    Socket,
    Socket,
  ];
  limit.add(first);
  limit.add(second);
  limit.touch(first);
  limit.add(third);
  expect([first, second, third].map(({ destroyed }) => destroyed)).toEqual([false, true, false]);
  await new Promise((resolve) => first.once("close", resolve).destroy());
  limit.touch(first);
  limit.add(fourth);
  expect([third, fourth].map(({ destroyed }) => destroyed)).toEqual([false, false]);
});
