/**
 * The one table of what a call may use that not every dialect can express, and what becomes of it when the target cannot:
 * `drop` leaves it out and records its name, `refuse` keeps the call from being sent to that target. Refused is whatever
 * would change what the model sees, what it may do or the form that its answer has; dropped is what only asks for
 * price, speed, caching, or for nothing that the agent could notice.
 */

/** What becomes of a feature that the target cannot express. */
export type WhenMissing = "drop" | "refuse";

/** Every feature, with what becomes of it. */
export const features = {
  // What the model sees
  system: "refuse",
  "system-in-mid-conversation": "refuse",
  "image-base64": "refuse",
  "image-url": "refuse",
  "image-detail": "drop",
  "document-base64": "refuse",
  "document-url": "refuse",
  audio: "refuse",
  video: "refuse",
  "file-id": "refuse",
  "tool-result-image": "refuse",
  "tool-result-document": "refuse",
  "tool-result-error": "drop",
  "assistant-prefill": "refuse",
  "stored-conversation": "refuse",
  "prompt-template": "refuse",
  "unknown-content": "refuse",
  // Reasoning of earlier turns: only its provider reads a signature, and models answer without it
  "reasoning-history": "drop",
  "foreign-signature": "drop",
  citations: "drop",
  "cache-hint": "drop",
  "content-metadata": "drop",
  // What the model may do
  tools: "refuse",
  "parallel-tool-calls-off": "refuse",
  "tool-choice-none": "refuse",
  "tool-choice-required": "refuse",
  "tool-choice-named": "refuse",
  "tool-choice-subset": "refuse",
  "tool-strict": "drop",
  "server-tool": "refuse",
  "custom-tool": "refuse",
  "tool-metadata": "drop",
  // How it answers
  stream: "refuse",
  temperature: "drop",
  "top-p": "drop",
  "top-k": "drop",
  seed: "drop",
  penalties: "drop",
  "logit-bias": "refuse",
  stop: "refuse",
  choices: "refuse",
  "choices-streamed": "refuse",
  logprobs: "refuse",
  "json-output": "refuse",
  "schema-output": "refuse",
  "audio-output": "refuse",
  "image-output": "refuse",
  reasoning: "drop",
  "reasoning-visible": "drop",
  verbosity: "drop",
  prediction: "drop",
  truncation: "drop",
  background: "refuse",
  safety: "refuse",
  guardrail: "refuse",
  // What only the provider or its accounts know
  "end-user": "drop",
  metadata: "drop",
  store: "drop",
  "service-tier": "drop",
  "beta-header": "drop",
  "unknown-field": "drop",
  // Embeddings
  dimensions: "refuse",
  "token-input": "refuse",
  "base64-vectors": "refuse",
  "embedding-task": "refuse",
} as const satisfies Readonly<Record<string, WhenMissing>>;

/** Something that a call may use. */
export type Feature = keyof typeof features;

/** What becomes of a feature that the target cannot express. */
export function whenMissing(feature: Feature): WhenMissing {
  return features[feature];
}

/** Whether a text names a feature. */
export function isFeature(text: string): text is Feature {
  return Object.hasOwn(features, text);
}
