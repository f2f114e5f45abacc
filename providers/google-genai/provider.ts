/** Google Gemini API: host and the error model of Google APIs (https://google.aip.dev/193). */

import type { Provider } from "../provider.ts";

/** The declaration of the Gemini API. */
export const googleGenai = {
  name: "google_genai",
  aliases: ["google", "google-genai", "gemini"],
  hosts: ["generativelanguage.googleapis.com"],
  credentialHeaders: ["x-goog-api-key", "authorization"],
  errorBody: ({ status, message }) => ({
    error: { code: status, message, status: canonicalStatus(status) },
  }),
  errorHeaders: [],
} satisfies Provider;

function canonicalStatus(status: number): string {
  if (status === 401) return "UNAUTHENTICATED";
  if (status === 429) return "RESOURCE_EXHAUSTED";
  return status >= 500 ? "UNAVAILABLE" : "PERMISSION_DENIED";
}
