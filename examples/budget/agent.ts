/** An agent that never has enough: it asks until somebody stops it. */

import OpenAI, { RateLimitError } from "openai";

const client = new OpenAI({ apiKey: "made-up-by-the-agent", maxRetries: 0 });

for (let asked = 0; asked < 100; asked++) {
  try {
    const answer = await client.chat.completions.create({
      model: "gpt-4.1-mini",
      messages: [{ role: "user", content: "Say hello" }],
      max_completion_tokens: 10_000,
    });
    if (asked === 0) console.log(`answer: ${answer.choices[0]?.message.content}`);
  } catch (error) {
    if (!(error instanceof RateLimitError)) throw error;
    console.log(`stopped: ${error.status} ${error.code}`);
    break;
  }
}
