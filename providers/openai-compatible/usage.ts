/** Model calls of servers that speak OpenAI's dialects, under the paths that their documentation names. */

import { chatCompletions, completions, embeddings, responses } from "../openai/usage.ts";
import type { Operation } from "../operation.ts";

/**
 * What stands before `/chat/completions`: nothing and `/beta` (DeepSeek, Perplexity), `/v1` (most), `/openai/v1`
 * (Groq), `/api/v1` (OpenRouter), `/inference/v1` (Fireworks), `/v1/openai` (DeepInfra), `/compatible-mode/v1`
 * (Alibaba's Model Studio), `/api/paas/v4` and `/api/coding/paas/v4` (Z.ai).
 */
const basePaths = [
  "/v1",
  "",
  "/beta",
  "/openai/v1",
  "/api/v1",
  "/inference/v1",
  "/v1/openai",
  "/compatible-mode/v1",
  "/api/paas/v4",
  "/api/coding/paas/v4",
] as const;

/** The operations of a server of OpenAI's dialects. */
export const compatibleOperations: readonly Operation[] = [
  { ...chatCompletions, streamUsage: "on-request", paths: pathsOf("chat/completions") },
  { ...completions, paths: pathsOf("completions") },
  { ...responses, paths: pathsOf("responses") },
  { ...embeddings, paths: pathsOf("embeddings") },
];

function pathsOf(operation: string): string[] {
  return basePaths.map((base) => `${base}/${operation}`);
}
