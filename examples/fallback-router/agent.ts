/** An agent with one provider and no second plan: whoever answers, it reads OpenAI's dialect. */

import OpenAI from "openai";

const client = new OpenAI({ apiKey: "made-up-by-the-agent", maxRetries: 0 });

const stream = await client.chat.completions.create({
  model: "gpt-4.1-mini",
  messages: [{ role: "user", content: "Say hello" }],
  stream: true,
});
let text = "";
let model = "";
for await (const chunk of stream) {
  text += chunk.choices[0]?.delta.content ?? "";
  model = chunk.model;
}
console.log(`${model.split("-")[0]} said: ${text}`);
