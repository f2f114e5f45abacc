/** An agent that asks for three models and counts who answered. It knows nothing of the canary, nor of any rule. */

import OpenAI from "openai";

const client = new OpenAI({ apiKey: "made-up-by-the-agent", maxRetries: 0 });

async function answeringModel(model: string): Promise<string> {
  try {
    const answer = await client.chat.completions.create({
      model,
      messages: [{ role: "user", content: "Say hello" }],
    });
    return answer.model.replace(/-\d{4}-\d{2}-\d{2}$/, "");
  } catch (error) {
    return error instanceof OpenAI.APIError ? `${error.status} ${error.message}` : String(error);
  }
}

const calls = Array.from({ length: 40 }, () => answeringModel("gpt-4.1-mini"));
const counts = new Map<string, number>();
for (const model of await Promise.all(calls)) counts.set(model, (counts.get(model) ?? 0) + 1);
for (const [model, count] of [...counts].toSorted()) {
  console.log(`gpt-4.1-mini was answered by ${model} ${count} times`);
}
console.log(`gpt-5-mini was answered by ${await answeringModel("gpt-5-mini")}`);
console.log(`o3-pro: ${await answeringModel("o3-pro")}`);
