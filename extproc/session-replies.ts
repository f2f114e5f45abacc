/**
 * Commands that sessions of every role give: to let a message of Envoy pass, to be shown no more of an answer, and to end
 * a stream that makes no sense.
 */

import type { SessionCommand } from "./commands.ts";
import { GRPC_STATUS } from "./http2/grpc-status.ts";
import { continueReplies, encodeHeadersReply } from "./mutation.ts";
import type { Phase } from "./transaction-message.ts";

/** Lets a message of the phase pass as it is. */
export const replyCommands = Object.fromEntries(
  Object.entries(continueReplies).map(([phase, bytes]) => [phase, [{ kind: "send", bytes }]]),
) as unknown as Readonly<Record<Phase, readonly SessionCommand[]>>;

/** Ends the stream for a message that may not come now. */
export function fault(phase: Phase): readonly SessionCommand[] {
  const message = `Unexpected message: ${phase}`;
  return [{ kind: "end", status: GRPC_STATUS.invalidArgument, message }];
}

/** Of the answer's body nothing more is shown; the request's goes on as it did. */
export function leaveAnswer(request: "streamed" | "none"): readonly SessionCommand[] {
  const bytes = encodeHeadersReply("response-headers", {
    set: [],
    remove: [],
    mode: { request, response: "none", responseHeaders: "send" },
  });
  return [{ kind: "send", bytes }];
}
