/** What a session on MCP tells and asks of a request and its answer, read out of headers and facts. */

import type { McpFacts } from "../gateway/call-facts.ts";
import type { McpAnswerReader } from "../gateway/mcp-answer-reader.ts";
import type { McpHead } from "../gateway/mcp-judge.ts";
import type { HeaderView } from "./transaction-message.ts";
import type { WordRedactor } from "./word-redactor.ts";

/** The head of a request, by its headers as Envoy shows them; they are kept. */
export function headOf(headers: HeaderView, hasBody: boolean): McpHead {
  const entries = headers.entries();
  return {
    method: headers.find(":method") ?? "",
    // Envoy writes it of the connection, over what the agent sent; `:scheme` is whatever the agent says.
    scheme: headers.find("x-forwarded-proto") ?? "",
    authority: headers.find(":authority") ?? "",
    target: headers.find(":path") ?? "/",
    values: (name) => entries.flatMap(([key, value]) => (key === name ? [value] : [])),
    hasBody,
  };
}

/** Media type and coding of an answer, lower case. */
export function answerForm(headers: HeaderView) {
  const [type = ""] = (headers.find("content-type") ?? "").split(";", 1);
  const coding = (headers.find("content-encoding") ?? "").trim().toLowerCase();
  return { mediaType: type.trim().toLowerCase(), coding };
}

/** Facts with what the answer said of each request. */
export function withResults(
  facts: McpFacts,
  requestKeys: readonly (string | null)[],
  answer: McpAnswerReader | undefined,
): McpFacts {
  if (answer === undefined || answer.results.size === 0) return facts;
  const messages = facts.messages.map((message, index) => {
    const result = answer.results.get(requestKeys[index] ?? "");
    return result === undefined ? message : { ...message, result };
  });
  return { ...facts, messages };
}

/** The same facts of a request that was refused as a whole. */
export function asDenied(facts: McpFacts): McpFacts {
  const messages = facts.messages.map((message) => ({ ...message, outcome: "denied" }) as const);
  return { ...facts, messages };
}

/** The facts without what is a credential in words of the agent. */
export function withoutCredentials(facts: McpFacts, words: WordRedactor): McpFacts {
  return {
    ...facts,
    revision: words.redact(facts.revision),
    messages: facts.messages.map((message) => ({
      ...message,
      method: words.redact(message.method),
      name: words.redactOnce(message.name),
    })),
  };
}
