/** Recorded calls of Bedrock, and their streams in AWS's framing. */
import { readFileSync, readdirSync } from "node:fs";
import { encodeEventStreamMessage } from "../aws-event-stream.ts";
import { encodeMessageHeaders } from "../aws-bedrock/stream-failure.ts";

/** Names and contents of the files. */
export function readBedrockFiles(): { readonly name: string; readonly text: string }[] {
  const folder = new URL("aws-bedrock/", import.meta.url);
  const files = readdirSync(folder).toSorted();
  return files.map((file) => ({
    name: `aws-bedrock/${file.replace(".json", "")}`,
    text: readFileSync(new URL(file, folder), "utf8"),
  }));
}

/** An event in a frame. A `chunk` holds a model's own event in base64; `exception x` is the exception x. */
export function frameEvent(type: string, json: string): Buffer {
  const [first = "", exception] = type.split(" ");
  if (exception !== undefined) {
    const headers = encodeMessageHeaders("exception", exception);
    return encodeEventStreamMessage({ headers, payload: json });
  }
  const bytes = Buffer.from(json).toString("base64");
  const payload = first === "chunk" ? JSON.stringify({ bytes, p: "abcdefghijklm" }) : json;
  return encodeEventStreamMessage({ headers: encodeMessageHeaders("event", first), payload });
}
