import { describe, expect, it } from "vitest";
import { placesOf } from "../json/json-rules.ts";
import { JsonWalk } from "../json/json-walk.ts";
import { MODEL_APIS } from "./model-apis.ts";

const URL_OF_AGENT = "https://a.example/?data";

/** Whether the rules of a provider find something in a body. */
function isRefused(host: string, body: object): boolean {
  const rules = MODEL_APIS.find((api) => api.path === undefined && api.host.test(host))!.rules;
  const walk = new JsonWalk(placesOf(rules), 1024);
  return (walk.push(Buffer.from(JSON.stringify(body))) ?? walk.end()) !== undefined;
}

describe("what a provider would fetch or call by itself", () => {
  it.each([
    ["api.openai.com", { input: [{ type: "image_url", image_url: { url: URL_OF_AGENT } }] }],
    ["api.openai.com", { images: [{ image_url: URL_OF_AGENT }] }],
    ["api.openai.com", { thread: { messages: [{ content: [{ image_url: { url: URL_OF_AGENT } }] }] } }],
    ["api.openai.com", { additional_messages: [{ content: [{ image_url: { url: URL_OF_AGENT } }] }] }],
    ["api.mistral.ai", { document: { document_url: URL_OF_AGENT } }],
    ["api.mistral.ai", { inputs: [{ content: [{ image_url: URL_OF_AGENT }] }] }],
    ["api.cohere.com", { connectors: [{ id: "web-search" }] }],
    ["a.openai.azure.com", { data_sources: [{ parameters: { endpoint: URL_OF_AGENT } }] }],
    ["generativelanguage.googleapis.com", { agent: "deep-research-pro" }],
    [
      "generativelanguage.googleapis.com",
      { system_instruction: { parts: [{ file_data: { file_uri: URL_OF_AGENT } }] } },
    ],
    ["generativelanguage.googleapis.com", { content: { parts: [{ fileData: { fileUri: URL_OF_AGENT } }] } }],
    ["generativelanguage.googleapis.com", { input: [{ uri: URL_OF_AGENT }] }],
  ])("is refused at %s: %j", (host, body) => {
    expect(isRefused(host, body)).toBe(true);
  });

  it.each([
    ["api.openai.com", { input: ["a text", { content: [{ image_url: "data:image/png;base64,AAAA" }] }] }],
    ["api.openai.com", { input: "one text", images: ["AAAA"] }],
    ["api.mistral.ai", { document: { document_url: "data:application/pdf;base64,AAAA" } }],
    ["generativelanguage.googleapis.com", { contents: [{ parts: [{ text: URL_OF_AGENT }] }] }],
  ])("is not what stands in the body itself, to %s: %j", (host, body) => {
    expect(isRefused(host, body)).toBe(false);
  });
});
