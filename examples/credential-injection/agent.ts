/**
 * An agent with no key of its own. SDKs insist on one, so it gives them a made-up one: the gateway takes it out and
 * puts the real one in.
 */

import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const madeUp = "made-up-by-the-agent";

const openai = new OpenAI({ apiKey: madeUp, maxRetries: 0 });
const completion = await openai.chat.completions.create({
  model: "gpt-4.1",
  messages: [{ role: "user", content: "Say hello" }],
});
console.log(`openai: ${completion.choices[0]?.message.content}`);

const anthropic = new Anthropic({ apiKey: madeUp, maxRetries: 0 });
const message = await anthropic.messages.create({
  model: "claude-haiku-5-5",
  max_tokens: 64,
  messages: [{ role: "user", content: "Say hello" }],
});
const [part] = message.content;
console.log(`anthropic: ${part?.type === "text" ? part.text : part?.type}`);

const headers = { authorization: `Bearer ${madeUp}`, "x-api-key": madeUp };
const user = await fetch("https://api.github.com/user", { headers });
console.log(`github: ${user.status}`);

// A credential never travels from plain HTTP: the gateway refuses before it looks for the key.
const plain = await fetch("http://api.github.com/user", { headers });
console.log(`github over http: ${plain.status} ${plain.headers.get("x-clrk-deny-reason")}`);
