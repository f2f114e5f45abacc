/** Parts and turns that conversations of the corpus are made of. */

import type { Message, Part } from "../ir.ts";
import { pdfBase64, pngBase64 } from "./sample-files.ts";

/** Text with all that escaping and counting can get wrong. */
export const difficultText = 'Grüße 👩‍🚀 "quoted" \\ \n\t\u2028 <b>&amp;</b> \u0001 end\r\n';

/** A picture in base64. */
export const image: Extract<Part, { readonly kind: "image" }> = {
  kind: "image",
  source: { kind: "base64", mediaType: "image/png", data: pngBase64 },
  detail: null,
};

/** A document in base64. */
export const pdf: Extract<Part, { readonly kind: "document" }> = {
  kind: "document",
  source: { kind: "base64", mediaType: "application/pdf", data: pdfBase64 },
  name: null,
};

/** A part that says these words. */
export function text(value: string): Part {
  return { kind: "text", text: value };
}

/** A call of the weather tool; arguments are JSON text. */
export function call(id: string, json: string) {
  return {
    kind: "tool-call",
    id,
    name: "get_weather",
    arguments: json,
    signature: null,
  } as const;
}

/** What a call came to. */
export function result(callId: string, parts: readonly Part[]) {
  return { kind: "tool-result", callId, name: null, parts, isError: false } as const;
}

/** A user's turn of one text. */
export function userSays(value: string): Message {
  return { role: "user", parts: [text(value)] };
}

/** An assistant's turn of one text. */
export function assistantSays(value: string): Message {
  return { role: "assistant", parts: [text(value)] };
}
