import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";

/** What the model of the script says, whatever it is asked. */
export const SCRIPTED_WORDS = "Hello from the scripted model!";

const USAGE = {
  input_tokens: 10,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 15,
};

/** A Responses API that says one thing, over server-sent events and over WebSocket, as Codex speaks both. */
export interface ScriptedResponses {
  /** answers that were given over each */
  readonly given: { events: number; messages: number };
  /** what each request for one and each conversation came with */
  readonly credentials: (string | undefined)[];
  answer(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export function createScriptedResponses(): ScriptedResponses {
  const server = new WebSocketServer({ noServer: true });
  const given = { events: 0, messages: 0 };
  const credentials: (string | undefined)[] = [];
  const converse = (socket: WebSocket): void => {
    socket.on("message", (data) => {
      const { type } = JSON.parse((data as Buffer).toString()) as { type: string };
      if (type !== "response.create") return;
      given.messages += 1;
      for (const event of eventsOf(`resp_${given.messages}`)) socket.send(JSON.stringify(event));
    });
  };
  return {
    given,
    credentials,
    upgrade: (request, socket, head) => {
      credentials.push(request.headers.authorization);
      server.handleUpgrade(request, socket, head, converse);
    },
    answer: (request, response) => {
      if (request.method !== "POST" || !request.url?.startsWith("/v1/responses"))
        return answerOther(request, response);
      credentials.push(request.headers.authorization);
      request.resume().once("end", () => {
        given.events += 1;
        response.writeHead(200, { "content-type": "text/event-stream" });
        for (const event of eventsOf(`resp_e${given.events}`)) {
          response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
        }
        response.end();
      });
    },
  };
}

function answerOther(request: IncomingMessage, response: ServerResponse): void {
  const isModels = request.url?.includes("/models") === true;
  response.writeHead(isModels ? 200 : 404, { "content-type": "application/json" });
  response.end(JSON.stringify(isModels ? { models: [] } : { error: { message: "not in the script" } }));
}

/** The events of one answer, in their order. */
function eventsOf(id: string): readonly { readonly type: string }[] {
  const message = (status: string, content: readonly object[]): object => ({
    type: "message",
    id: `msg_${id}`,
    role: "assistant",
    status,
    content,
  });
  const whole = message("completed", [{ type: "output_text", text: SCRIPTED_WORDS, annotations: [] }]);
  const place = { output_index: 0, content_index: 0, item_id: `msg_${id}` };
  const response = (status: string, rest: object): object => ({ id, object: "response", status, ...rest });
  const events = [
    { type: "response.created", response: response("in_progress", { output: [] }) },
    { type: "response.output_item.added", output_index: 0, item: message("in_progress", []) },
    { type: "response.output_text.delta", ...place, delta: SCRIPTED_WORDS },
    { type: "response.output_item.done", output_index: 0, item: whole },
    { type: "response.completed", response: response("completed", { output: [whole], usage: USAGE }) },
  ];
  return events.map((event, index) => ({ ...event, sequence_number: index }));
}
