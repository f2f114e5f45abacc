import t from "tap";
import { anthropicMessages } from "./anthropic/messages-codec.ts";
import type { ChatCodec } from "./codec.ts";
import { geminiGenerateContent } from "./google-genai/generate-content-codec.ts";
import { openaiChat } from "./openai/chat-codec.ts";
import { openaiResponses } from "./openai/responses-codec.ts";
import { emptyRequest } from "./openai/testdata/chat.ts";
import { createStreamTranslator } from "./translation.ts";

const megabyte = "x".repeat(1024 * 1024);
const problem = "The provider's stream holds an answer that is longer than 32 MiB";
const agents: readonly ChatCodec[] = [
  openaiChat,
  openaiResponses,
  anthropicMessages,
  geminiGenerateContent,
];

function chunk(delta: object): Buffer {
  const choices = [{ index: 0, delta, finish_reason: null }];
  return Buffer.from(`data: ${JSON.stringify({ id: "1", model: "m", choices })}\n\n`);
}

/** Arguments of a call, which some dialects keep until it is whole. */
function callChunk(text: string): Buffer {
  const called = { name: "f", arguments: text };
  return chunk({ tool_calls: [{ index: 0, id: "a", function: called }] });
}

for (const source of agents) {
  for (const [name, piece] of [
    ["text", chunk({ content: megabyte })],
    ["a call", callChunk(megabyte)],
  ] as const) {
    t.test(`createStreamTranslator() ends ${name} without end for ${source.name}`, async (t) => {
      const translator = createStreamTranslator(source, openaiChat, emptyRequest);
      for (let written = 0; written < 31; written++) {
        t.notMatch(translator.write(piece).toString(), problem);
      }
      t.match(translator.write(piece).toString(), problem);
      t.equal(translator.write(piece).length, 0);
      t.equal(translator.end().length, 0);
      t.equal(translator.fail("It broke off").length, 0);
    });
  }
}

t.test("createStreamTranslator() reads no more of an answer that was too long", async (t) => {
  let read = 0;
  const served: ChatCodec = {
    ...openaiChat,
    createStreamDecoder: () => ({
      write: () => {
        read++;
        return [{ kind: "delta", index: 0, text: megabyte }];
      },
      end: () => [],
    }),
  };
  const translator = createStreamTranslator(openaiChat, served, emptyRequest);
  for (let written = 0; written < 100; written++) translator.write(Buffer.from("x"));
  t.equal(read, 32);
});
