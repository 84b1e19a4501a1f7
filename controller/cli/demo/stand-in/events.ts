import type { Turn } from "./script.ts";

const USAGE = {
  input_tokens: 10,
  output_tokens: 5,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
};

interface About {
  readonly id: string;
  readonly model: string;
}

/** A turn as the Messages API answers it in one piece. */
export function messageOf(turn: Turn, { id, model }: About): object {
  const content =
    turn.kind === "text" ? [{ type: "text", text: turn.text }] : [toolBlock(turn, id, turn.input)];
  return { ...envelope({ id, model }), content, stop_reason: stopReasonOf(turn), usage: USAGE };
}

/** A turn as the events of a streamed answer, in their order. */
export function eventsOf(turn: Turn, { id, model }: About): readonly { readonly type: string }[] {
  const block = turn.kind === "text" ? { type: "text", text: "" } : toolBlock(turn, id, {});
  const delta =
    turn.kind === "text"
      ? { type: "text_delta", text: turn.text }
      : { type: "input_json_delta", partial_json: JSON.stringify(turn.input) };
  return [
    {
      type: "message_start",
      message: { ...envelope({ id, model }), content: [], stop_reason: null, usage: USAGE },
    },
    { type: "content_block_start", index: 0, content_block: block },
    { type: "content_block_delta", index: 0, delta },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: stopReasonOf(turn), stop_sequence: null }, usage: USAGE },
    { type: "message_stop" },
  ] as readonly { readonly type: string }[];
}

const envelope = ({ id, model }: About) => ({
  id: `msg_${id}`,
  type: "message",
  role: "assistant",
  model,
  stop_sequence: null,
});

const toolBlock = (turn: Extract<Turn, { kind: "tool" }>, id: string, input: object) => ({
  type: "tool_use",
  id: `toolu_${id}`,
  name: turn.name,
  input,
});

const stopReasonOf = ({ kind }: Turn): string => (kind === "text" ? "end_turn" : "tool_use");
