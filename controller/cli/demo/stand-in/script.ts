/** What the scripted model does when the prompt contains `when`. */
export type Scene =
  | { readonly when: string; readonly say: string }
  /** runs one shell command and then says `then`, in which `{result}` stands for what the command printed */
  | { readonly when: string; readonly run: string; readonly then: string };

/** One block of a message, as far as the script looks at it. */
interface Block {
  readonly type: string;
  readonly text?: string;
  readonly content?: string | readonly Block[];
}

interface Message {
  readonly role: string;
  readonly content: string | readonly Block[];
}

/** The part of a Messages API request that decides the answer. */
export interface MessagesRequest {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly Message[];
}

/** The model's turn. */
export type Turn =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "tool"; readonly name: string; readonly input: Readonly<Record<string, string>> };

/**
 * The scripted answer to a request: the first scene whose `when` the newest prompt contains.
 *
 * Pure. The CLI also asks for things nobody wrote a scene for, such as a title; these get a plain "ok".
 */
export function nextTurn(scenes: readonly Scene[], request: MessagesRequest): Turn {
  const prompt = newestPrompt(request.messages);
  const scene = scenes.find(({ when }) => prompt.includes(when));
  if (scene === undefined) return { kind: "text", text: "ok" };
  if ("say" in scene) return { kind: "text", text: scene.say };
  const result = resultOfTool(request.messages.at(-1));
  if (result !== undefined) return { kind: "text", text: scene.then.replaceAll("{result}", () => result) };
  return {
    kind: "tool",
    name: "Bash",
    input: { command: scene.run, description: "Runs what was asked for" },
  };
}

function newestPrompt(messages: readonly Message[]): string {
  const fromUser = messages.filter(
    (message) => message.role === "user" && resultOfTool(message) === undefined,
  );
  const content = fromUser.at(-1)?.content ?? "";
  return typeof content === "string" ? content : textOf(content);
}

function resultOfTool(message: Message | undefined): string | undefined {
  if (message === undefined || typeof message.content === "string") return undefined;
  const result = message.content.find(({ type }) => type === "tool_result");
  if (result === undefined) return undefined;
  return typeof result.content === "string" ? result.content : textOf(result.content ?? []);
}

const textOf = (blocks: readonly Block[]): string => blocks.map(({ text }) => text ?? "").join("\n");
