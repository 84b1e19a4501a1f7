import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { toJson, toYaml } from "./print-object.ts";

const hostile = {
  message: "line one\nline \u009b31m\u202etwo",
  list: ["\u001b]52;c;aGk=\u0007"],
  "\u202ekey": 1,
};

describe("toYaml", () => {
  it("shows nothing that a terminal obeys and reads back as the same object", async () => {
    const text = await toYaml(hostile);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    expect(parse(text)).toEqual(hostile);
  });

  it("writes plain objects plainly", async () => {
    expect(await toYaml({ a: { b: ["c", 1] }, text: "x\ny\n" })).toBe(
      "a:\n  b:\n    - c\n    - 1\ntext: |\n  x\n  y\n",
    );
  });
});

describe("toJson", () => {
  it("shows nothing that a terminal obeys and reads back as the same object", () => {
    expect(toJson(hostile)).not.toMatch(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    expect(JSON.parse(toJson(hostile))).toEqual(hostile);
  });
});
