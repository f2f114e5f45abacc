import t from "tap";
import { readObjectBody } from "./json-splice-body.ts";
import { boundOutput } from "./output-bound.ts";
import type { OutputPlace } from "./output-place.ts";
import { findOperation } from "./operation-layout.ts";
import { findProviderByName } from "./registry.ts";

/** Where the operation of a provider has its bound. */
function placeOf(provider: string, path: string): OutputPlace {
  const found = findProviderByName(provider);
  const operation = found && findOperation(found, "POST", path)?.layout.operation;
  const output = operation?.output;
  if (output === undefined || output === "none")
    throw new TypeError(`Cannot find a place: ${path}`);
  return output;
}

const dialects = {
  chat: placeOf("openai", "/v1/chat/completions"),
  compatible: placeOf("mistral", "/v1/chat/completions"),
  text: placeOf("openai", "/v1/completions"),
  responses: placeOf("openai", "/v1/responses"),
  messages: placeOf("anthropic", "/v1/messages"),
  complete: placeOf("anthropic", "/v1/complete"),
  gemini: placeOf("google_genai", "/v1beta/models/gemini-2.5-pro:generateContent"),
  converse: placeOf("aws_bedrock", "/model/amazon.nova-lite-v1:0/converse"),
  invoke: placeOf("aws_bedrock", "/model/anthropic.claude-3-haiku-20240307-v1:0/invoke"),
};
type Dialect = keyof typeof dialects;

/** The body that leaves, and what it may cost; or why there is none. */
function bound(dialect: Dialect, text: string, most?: number): readonly [string, number] | string {
  const read = readObjectBody(Buffer.from(text));
  if (read.kind === "malformed") return read.reason;
  const result = boundOutput(read.object, dialects[dialect], { most, usual: 4_096 });
  if (result.kind === "malformed") return result.reason;
  return [result.body?.toString() ?? "as it was", result.tokens];
}

const cases: readonly (readonly [Dialect, string, number | undefined, string, number])[] = [
  ["chat", '{"model":"m"}', 100, '{"model":"m","max_completion_tokens":100}', 100],
  ["chat", '{ "max_tokens" : 500 , "x":1e2 }', 100, '{ "max_tokens" : 100 , "x":1e2 }', 100],
  ["chat", '{"max_completion_tokens":1e9}', 100, '{"max_completion_tokens":100}', 100],
  [
    "chat",
    '{"max_tokens":9,"max_completion_tokens":500}',
    100,
    '{"max_tokens":9,"max_completion_tokens":100}',
    100,
  ],
  ["chat", '{"max_tokens":50}', 100, "as it was", 50],
  ["chat", '{"max_tokens":null}', 100, '{"max_tokens":null,"max_completion_tokens":100}', 100],
  ["chat", '{"max_completion_tokens":null}', 100, '{"max_completion_tokens":100}', 100],
  ["chat", '{"max_tokens":90,"n":3}', 100, '{"max_tokens":33,"n":3}', 99],
  ["chat", '{"n":3}', undefined, "as it was", 12_288],
  ["chat", '{"max_tokens":7,"n":3}', undefined, "as it was", 21],
  ["chat", '{"max_tokens":0.5}', undefined, "as it was", 1],
  ["compatible", "{}", 5, '{"max_tokens":5}', 5],
  ["text", '{"n":2,"best_of":4,"max_tokens":10}', 20, '{"n":2,"best_of":4,"max_tokens":5}', 20],
  ["text", '{"prompt":["a","b"],"max_tokens":10}', undefined, "as it was", 20],
  ["text", '{"prompt":[1,2,3],"max_tokens":10}', undefined, "as it was", 10],
  ["text", '{"prompt":[[1],[2,3]],"max_tokens":10}', 8, '{"prompt":[[1],[2,3]],"max_tokens":4}', 8],
  ["responses", '{"input":"a"}', 64, '{"input":"a","max_output_tokens":64}', 64],
  ["messages", '{"max_tokens":4096}', 1_500, '{"max_tokens":1500}', 1_500],
  [
    "messages",
    '{"max_tokens":4096,"thinking":{"type":"enabled","budget_tokens":2000}}',
    1_500,
    '{"max_tokens":1500,"thinking":{"type":"enabled","budget_tokens":1499}}',
    1_500,
  ],
  ["complete", '{"max_tokens_to_sample":300}', 10, '{"max_tokens_to_sample":10}', 10],
  [
    "gemini",
    '{"contents":[]}',
    10,
    '{"contents":[],"generationConfig":{"maxOutputTokens":10}}',
    10,
  ],
  ["gemini", '{"generationConfig":{ }}', 10, '{"generationConfig":{ "maxOutputTokens":10}}', 10],
  ["gemini", '{"generationConfig":null}', 10, '{"generationConfig":{"maxOutputTokens":10}}', 10],
  [
    "gemini",
    '{"generation_config":{"max_output_tokens":99,"candidate_count":2}}',
    10,
    '{"generation_config":{"max_output_tokens":5,"candidate_count":2}}',
    10,
  ],
  ["converse", '{"messages":[]}', 10, '{"messages":[],"inferenceConfig":{"maxTokens":10}}', 10],
  [
    "converse",
    '{"inferenceConfig":{"maxTokens":9},"additionalModelRequestFields":{"max_tokens":900}}',
    10,
    '{"inferenceConfig":{"maxTokens":9},"additionalModelRequestFields":{"max_tokens":10}}',
    10,
  ],
  ["invoke", '{"max_tokens":11}', 10, '{"max_tokens":10}', 10],
];

for (const [dialect, text, most, body, tokens] of cases) {
  t.test(`${dialect}: ${text} with at most ${most}`, async (test) => {
    test.strictSame(bound(dialect, text, most), [body, tokens]);
  });
}

const refused: readonly (readonly [Dialect, string, string])[] = [
  ["chat", '{"max_tokens":"100"}', "max_tokens is not a number of tokens"],
  ["chat", '{"max_tokens":-1}', "max_tokens is not a number of tokens"],
  ["chat", '{"max_tokens":true}', "max_tokens is not a number of tokens"],
  ["chat", `{"max_tokens":${"9".repeat(30)}}`, "max_tokens is not a number of tokens"],
  ["chat", '{"Max_Tokens":1}', "max_tokens is in another case"],
  ["chat", '{"max_tokens":1,"Max_Tokens":9}', "a key comes twice in one object"],
  ["chat", '{"n":11}', "it asks for 11 answers, and 10 tokens are allowed"],
  ["chat", "[]", "it is not a JSON object"],
  ["gemini", '{"generationConfig":[]}', "generationConfig is not an object"],
  [
    "gemini",
    '{"generationConfig":{"maxOutputTokens":1,"max_output_tokens":9}}',
    "maxOutputTokens is there twice",
  ],
  ["gemini", '{"generationConfig":{},"generation_config":{}}', "generationConfig is there twice"],
  ["gemini", '{"generationConfig":{"maxoutputtokens":9}}', "maxOutputTokens is in another case"],
];

for (const [dialect, text, reason] of refused) {
  t.test(`${dialect}: ${text.slice(0, 60)} is refused`, async (test) => {
    test.equal(bound(dialect, text, 10), reason);
  });
}

t.test("invoked models that are not Anthropic's have no place that is known", async (test) => {
  test.equal(dialects.invoke.serves?.("us.anthropic.claude-sonnet-4-20250514-v1:0"), true);
  test.equal(dialects.invoke.serves?.("meta.llama3-8b-instruct-v1:0"), false);
});
