import { describe, expect, it } from "vitest";
import { formatTable, formatTableWithText } from "./table.ts";

describe("a table", () => {
  it("pads its columns and keeps each row on its line", () => {
    expect(formatTable(["A", "B"], [["long", "x\ny"]])).toBe("A      B\nlong   x\\ny\n");
  });

  it("puts the lines of a text under each other, and lets none of them act on the terminal", () => {
    const rows = [
      ["Ready", "could not be built:\nRUN\u001b[2J false\n"],
      ["Other", "fine"],
    ];
    expect(formatTableWithText(["TYPE", "MESSAGE"], rows)).toBe(
      [
        "TYPE    MESSAGE",
        "Ready   could not be built:",
        "        RUN\\u001b[2J false",
        "Other   fine",
        "",
      ].join("\n"),
    );
  });
});
