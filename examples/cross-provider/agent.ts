/** An agent made for OpenAI, tools and all. It is served by Claude and cannot tell. */

import OpenAI from "openai";

const client = new OpenAI({ apiKey: "made-up-by-the-agent", maxRetries: 0 });
const messages: OpenAI.ChatCompletionMessageParam[] = [
  { role: "system", content: "Answer in one sentence." },
  { role: "user", content: "What is the weather in Lima?" },
];

const answer = await client.chat.completions.create({ model: "gpt-4.1-mini", messages });
console.log(`answer: ${answer.choices[0]?.message.content}`);
console.log(`tokens: ${(answer.usage?.total_tokens ?? 0) > 0 ? "counted" : "unknown"}`);

const stream = client.chat.completions.stream({ model: "gpt-4.1-mini", messages });
const final = await stream.finalChatCompletion();
console.log(`streamed: ${final.choices[0]?.message.content}`);

try {
  await client.chat.completions.create({ model: "gpt-4.1-mini", messages, n: 2 });
} catch (error) {
  if (!(error instanceof OpenAI.APIError)) throw error;
  console.log(`two answers at once: ${error.status} ${error.code}`);
}
