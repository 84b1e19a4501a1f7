import { expect, it } from "vitest";
import { createLogDestination } from "./logger.ts";
import { aLogger } from "../../tests/integration/store-kit.ts";

it("writes facts under fixed keys and the time as text", () => {
  const { logger, lines } = aLogger();
  logger.info({ pass: "p", key: "default/hello", reconciler: "bottle" }, "bottle is ready");
  expect(lines()).toEqual([
    {
      level: 30,
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      process: process.pid,
      pass: "p",
      key: "default/hello",
      reconciler: "bottle",
      msg: "bottle is ready",
    },
  ]);
});

it("writes no field that could hold a credential", () => {
  const { logger, lines } = aLogger();
  const request = { headers: { authorization: "Bearer hunter2" }, body: "hunter2", token: "hunter2" };
  logger.info({ request, data: { a: "hunter2" }, value: "hunter2", key: "k" } as object, "message");
  expect(lines()).toHaveLength(1);
  expect(JSON.stringify(lines())).not.toContain("hunter2");
  expect(lines()[0]).toMatchObject({ key: "k", value: "[redacted]" });
});

it("writes of an error its name, code, message, stack and causes, and nothing that hangs on it", () => {
  const { logger, lines } = aLogger();
  const cause = Object.assign(new Error("inner"), { body: "hunter2", code: "ECONNRESET" });
  const error = Object.assign(new TypeError("outer", { cause }), {
    stdout: "hunter2",
    response: { text: "hunter2" },
  });
  logger.error({ err: error }, "message");
  logger.error({ err: "text" }, "message");
  expect(JSON.stringify(lines())).not.toContain("hunter2");
  expect(lines()).toMatchObject([
    {
      err: {
        type: "TypeError",
        message: "outer",
        cause: { type: "Error", message: "inner", code: "ECONNRESET" },
      },
    },
    { err: { type: "string", message: "text" } },
  ]);
});

it("loses lines while the disk is full, throws nothing, and begins a line of its own afterwards", () => {
  let written = "";
  let room = 5;
  const destination = createLogDestination((bytes) => {
    if (room === 0) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    const taken = bytes.subarray(0, room);
    room -= taken.length;
    written += taken.toString();
    return taken.length;
  });
  destination.write("cut off\n");
  destination.write("lost\n");
  room = 1000;
  destination.write("whole\n");
  destination.write("next\n");
  expect(written).toBe("cut o\nwhole\nnext\n");
});
