/** Reads the recordings in `recorded/`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One message of Envoy and the answer that it got. */
export interface RecordedMessage {
  readonly message: Buffer;
  readonly reply: Buffer;
}

/** The messages of the case with this name, in their order. */
export function readRecording(name: string): RecordedMessage[] {
  const file = join(import.meta.dirname, "recorded", `${name}.json`);
  const { messages } = JSON.parse(readFileSync(file, "utf8")) as {
    messages: { message: string; reply: string }[];
  };
  return messages.map(({ message, reply }) => ({
    message: Buffer.from(message, "hex"),
    reply: Buffer.from(reply, "hex"),
  }));
}
