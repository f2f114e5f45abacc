/** What both streams of the Bedrock runtime have in common. */
import { exceptionFrame } from "./aws-event-frame.ts";
import type { Reply } from "./reply.ts";

/** The frame of a model that fails in the midst of a stream. */
export function streamFailure(): Uint8Array {
  return exceptionFrame("modelStreamErrorException", {
    message: "The model returned an error while it was answering.",
    originalStatusCode: 500,
    originalMessage: "Internal server error",
  });
}

/** A reply of frames. */
export function eventStreamReply(ending: Pick<Reply, "chunks" | "cutAfterChunks">): Reply {
  return {
    status: 200,
    headers: { "content-type": "application/vnd.amazon.eventstream" },
    ...ending,
  };
}
