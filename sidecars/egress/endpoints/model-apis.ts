import type { JsonRule } from "../json/json-rules.ts";

/** What a provider would do by itself, told by the body of a request. */

/** Types of tools that run at the agent, or read nothing but what the agent sent. A tool of any other type is refused. */
const CLIENT_TOOLS =
  /^(?:function|custom|namespace|(?:bash|computer|memory|text_editor)_\d{8}|tool_search(?:_tool_\w+)?|computer(?:_use(?:_preview)?)?|local_shell|shell|apply_patch|file_search|image_generation)$/;
const DATA = /^data:/i;
const A_TOOL = "a tool that the provider runs itself";
const A_SERVER = "a server that the provider calls itself";
const AN_ADDRESS = "an address that the provider fetches itself";

/** Where images and documents stand: in messages, and in what is moderated, edited or read as it is. */
const PLACES_OF_CONTENT = [
  "messages[].content[]",
  "thread.messages[].content[]",
  "additional_messages[].content[]",
  "input[].content[]",
  "input[].output[]",
  "input[]",
  "inputs[].content[]",
  "item.content[]",
  "images[]",
  "document",
];

/** Anthropic's Messages, OpenAI's Chat Completions, Responses and Realtime, and who speaks like them. */
const ONE_CHAT: readonly JsonRule[] = [
  { at: "tools[].type", unless: CLIENT_TOOLS, what: A_TOOL },
  { at: "tools[].environment.type", unless: /^local$/, what: A_TOOL },
  { at: "tools[].tools[].type", unless: CLIENT_TOOLS, what: A_TOOL },
  { at: "mcp_servers[]", what: A_SERVER },
  { at: "web_search_options[]", what: A_TOOL },
  { at: "plugins[].id", unless: /^(?:response-healing|context-compression)$/, what: A_TOOL },
  { at: "search_parameters.mode", unless: /^off$/, what: A_TOOL },
  { at: "search_parameters.sources[]", what: A_TOOL },
  {
    at: "model",
    when: /search|deep-research|compound|:online|sonar/i,
    what: "a model that searches by itself",
  },
  ...["messages[].content[]", "messages[].content[].content[]", "messages[].content[].source.content[]"].map(
    (at): JsonRule => ({
      at: `${at}.source.type`,
      unless: /^(?:base64|text|content|file)$/,
      what: AN_ADDRESS,
    }),
  ),
  { at: "data_sources[]", what: A_SERVER },
  { at: "connectors[]", what: A_SERVER },
  ...PLACES_OF_CONTENT.flatMap((at): JsonRule[] => [
    { at: `${at}.image_url`, unless: DATA, what: AN_ADDRESS },
    { at: `${at}.image_url.url`, unless: DATA, what: AN_ADDRESS },
    { at: `${at}.video_url.url`, unless: DATA, what: AN_ADDRESS },
    { at: `${at}.document_url`, unless: DATA, what: AN_ADDRESS },
    { at: `${at}.file_url`, what: AN_ADDRESS },
  ]),
];

/** The same within a batch, an event of a WebSocket, a session. */
const CHAT: readonly JsonRule[] = ["", "requests[].params.", "response.", "session."].flatMap((within) =>
  ONE_CHAT.map((rule) => ({ ...rule, at: within + rule.at })),
);

const OF_GOOGLE = /^(?:https:\/\/generativelanguage\.googleapis\.com\/|gs:\/\/)/;
const GOOGLE: readonly JsonRule[] = [
  "",
  "setup.",
  "request.",
  "batch.input_config.requests.requests[].request.",
  "requests[].",
].flatMap((within): JsonRule[] => [
  {
    at: `${within}tools[]`,
    only: ["functiondeclarations", "computeruse"],
    what: A_TOOL,
  },
  { at: `${within}agent`, what: A_TOOL },
  ...["contents[].parts[]", "content.parts[]", "system_instruction.parts[]"].map((parts): JsonRule => ({
    at: `${within}${parts}.file_data.file_uri`,
    unless: OF_GOOGLE,
    what: AN_ADDRESS,
  })),
  { at: `${within}input[].uri`, unless: OF_GOOGLE, what: AN_ADDRESS },
]);

const BEDROCK: readonly JsonRule[] = [
  ...CHAT,
  { at: "tool_config.tools[]", only: ["toolspec", "cachepoint"], what: A_TOOL },
];

/** What a provider's API is known by, and what its bodies must not ask for. */
export interface ModelApi {
  readonly host: RegExp;
  /** absent: every path */
  readonly path?: RegExp;
  readonly rules: readonly JsonRule[];
}

/** The first that fits counts. */
export const MODEL_APIS: readonly ModelApi[] = [
  {
    host: /^(?:generativelanguage|[\w-]*aiplatform)\.googleapis\.com$/,
    path: /\/openai\/|\/endpoints\/openapi\/|\/publishers\/(?!google\/)[^/]+\//i,
    rules: CHAT,
  },
  { host: /^(?:generativelanguage|[\w-]*aiplatform)\.googleapis\.com$/, rules: GOOGLE },
  { host: /^bedrock-(?:runtime|mantle)(?:-fips)?\.[\w-]+\.(?:amazonaws\.com|api\.aws)$/, rules: BEDROCK },
  { host: /^(?:api|api-staging)\.anthropic\.com$/, rules: CHAT },
  { host: /^(?:[\w-]+\.)?api\.openai\.com$|^chatgpt\.com$/, rules: CHAT },
  {
    host: /\.(?:openai|cognitiveservices)\.azure\.com$|\.services\.ai\.azure\.com$/,
    rules: CHAT,
  },
  {
    host: /^(?:(?:[\w-]+\.)?api\.x\.ai|api\.mistral\.ai|api\.groq\.com|openrouter\.ai|api\.perplexity\.ai|api\.deepseek\.com|api\.together\.(?:ai|xyz)|api\.fireworks\.ai|api\.cohere\.(?:ai|com)|router\.huggingface\.co|api\.cerebras\.ai|api\.moonshot\.(?:ai|cn)|api\.z\.ai)$/,
    rules: CHAT,
  },
];

/** Requests that a provider carries out later or elsewhere, out of a file or an agent that it keeps. */
export const ELSEWHERE =
  /\/(?:batches|batch\/jobs|evals(?:\/[^/]+\/runs)?|containers|agents|sessions|environments|skills)$|:batchgeneratecontent$|\/batchpredictionjobs$|\/(?:agents|sessions|environments)\//i;

/** Where files are uploaded, as forms; what they hold is asked for elsewhere. */
export const UPLOADS = /\/(?:files|uploads(?:\/[^/]+\/parts)?|audio\/\w+|images\/(?:edits|variations))$/i;
