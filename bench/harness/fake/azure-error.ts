/** Errors of an Azure OpenAI resource: `{error: {code, message}}`. https://learn.microsoft.com/azure/ai-foundry/openai/reference */
import { jsonReply, withRetryAfter } from "./reply.ts";
import type { Reply } from "./reply.ts";
import { openAiFailure } from "./openai-error.ts";
import type { ScriptedFailure } from "./script.ts";

/** One error response; what a model's own checks find has OpenAI's shape instead. */
export function azureError(status: number, code: string, message: string): Reply {
  return jsonReply(status, { error: { code, message } });
}

/** The error of a status on demand: 400 for a conversation that is too long, 429, 5xx. */
export function azureFailure(status: number): Reply {
  switch (status) {
    case 400:
      return openAiFailure(400);
    case 429:
      return azureError(
        status,
        "429",
        "Requests to the ChatCompletions_Create Operation have exceeded the call rate limit of your current pricing tier. Please retry after 7 seconds.",
      );
    case 503:
      return azureError(status, "ServiceUnavailable", "The service is temporarily unavailable.");
    default:
      return azureError(status, "InternalServerError", "Internal server error");
  }
}

/** The error that a prompt demanded. */
export function azureScriptedFailure({ status, retryAfterSeconds }: ScriptedFailure): Reply {
  return withRetryAfter(azureFailure(status), retryAfterSeconds);
}
