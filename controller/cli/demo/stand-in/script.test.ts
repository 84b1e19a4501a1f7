import { describe, expect, it } from "vitest";
import { nextTurn } from "./script.ts";
import type { MessagesRequest, Scene } from "./script.ts";

const scenes: readonly Scene[] = [
  { when: "hello", say: "Hello." },
  { when: "fetch", run: "curl x", then: "It said: {result}" },
];

const asking = (...messages: MessagesRequest["messages"]): MessagesRequest => ({ model: "m", messages });
const user = (content: MessagesRequest["messages"][number]["content"]) => ({ role: "user", content });
const ran = { role: "assistant", content: [{ type: "tool_use" }] };

describe("nextTurn", () => {
  it("answers a prompt with words", () => {
    expect(nextTurn(scenes, asking(user("say hello")))).toEqual({ kind: "text", text: "Hello." });
  });

  it("finds the prompt among the reminders that the CLI adds", () => {
    const content = [
      { type: "text", text: "<system-reminder>" },
      { type: "text", text: "please fetch it" },
    ];
    expect(nextTurn(scenes, asking(user(content)))).toMatchObject({
      kind: "tool",
      name: "Bash",
      input: { command: "curl x" },
    });
  });

  it.each([
    ["a string", "$& 403"],
    ["blocks", [{ type: "text", text: "$& 403" }]],
  ])("quotes what the command printed, given as %s", (_as, content) => {
    const result = user([{ type: "tool_result", content }]);
    const turn = nextTurn(scenes, asking(user("fetch it"), ran, result));
    expect(turn).toEqual({ kind: "text", text: "It said: $& 403" });
  });

  it("follows the newest prompt of a long talk", () => {
    const result = user([{ type: "tool_result", content: "done" }]);
    const turn = nextTurn(scenes, asking(user("fetch it"), ran, result, user("now hello")));
    expect(turn).toEqual({ kind: "text", text: "Hello." });
  });

  it("says ok to what nobody wrote a scene for", () => {
    expect(nextTurn(scenes, asking(user("a title, please")))).toEqual({ kind: "text", text: "ok" });
  });
});
