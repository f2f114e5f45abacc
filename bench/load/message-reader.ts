/**
 * Cuts an HTTP/1.1 byte stream into messages, for the load client (responses) and the fake
 * upstream (requests). It reads no more than framing needs; bodies are counted, not kept.
 */

// Larger heads than any contender sends; a peer that never ends its head must not fill memory.
const maxHeadBytes = 32 * 1024;
const HEAD_END = Buffer.from("\r\n\r\n");

/** One complete message. */
export interface Message {
  /** Start line and header fields as received, without the closing empty line */
  readonly head: string;
  /** Size of the body without chunk framing, in `bytes` */
  readonly bodyBytes: number;
}

/** Incremental reader of one direction of one connection. */
export interface MessageReader {
  /**
   * Reads the next bytes and calls back for every message that they complete. The chunk is not kept
   * past the call. Throws MessageError for bytes that are no HTTP/1.1; the reader is then unusable.
   */
  push(chunk: Buffer): void;
}

/** Bytes of a peer that are no HTTP/1.1 message. */
export class MessageError extends Error {
  static {
    MessageError.prototype.name = "MessageError";
  }
}

/**
 * A reader that calls `onMessage` once a message, and before it `onBody` when the first byte of its body is there.
 * Bodies have a length or are chunked; a message
 * with neither has no body (a response that ends with the connection is not supported: its end
 * would look like a failure, and no contender sends it for these requests).
 */
export function createMessageReader(
  onMessage: (message: Message) => void,
  onBody: () => void = () => {},
): MessageReader {
  let pending: Buffer | undefined;
  let head: string | undefined;
  let bodyBytes = 0;
  let remaining = 0;
  let chunks: ChunkState | undefined;
  let hasBody = false;

  const startBody = () => {
    if (hasBody) return;
    hasBody = true;
    onBody();
  };
  const finish = () => {
    const message = { head: head ?? "", bodyBytes };
    head = undefined;
    chunks = undefined;
    hasBody = false;
    onMessage(message);
  };
  const start = (text: string) => {
    head = text;
    const framing = parseFraming(text);
    chunks = framing.chunked ? { phase: "size", line: "", left: 0 } : undefined;
    bodyBytes = framing.length;
    remaining = framing.length;
  };
  return {
    push(chunk) {
      let bytes = pending === undefined ? chunk : Buffer.concat([pending, chunk]);
      pending = undefined;
      while (bytes.length > 0) {
        if (head === undefined) {
          const end = bytes.indexOf(HEAD_END);
          if (end > maxHeadBytes || (end < 0 && bytes.length > maxHeadBytes)) {
            throw new MessageError(`Cannot read message: head is over ${maxHeadBytes} bytes`);
          }
          if (end < 0) {
            pending = Buffer.from(bytes);
            return;
          }
          start(bytes.toString("latin1", 0, end));
          bytes = bytes.subarray(end + HEAD_END.length);
          if (chunks === undefined && remaining === 0) finish();
        } else if (chunks !== undefined) {
          const step = readChunked(chunks, bytes);
          bodyBytes += step.bodyBytes;
          if (step.bodyBytes > 0) startBody();
          bytes = bytes.subarray(step.consumed);
          if (step.ended) finish();
        } else {
          startBody();
          const taken = Math.min(remaining, bytes.length);
          remaining -= taken;
          bytes = bytes.subarray(taken);
          if (remaining === 0) finish();
        }
      }
    },
  };
}

/** Three-digit status of a response head. Throws MessageError when its start line is not a status line. */
export function statusOf(head: string): number {
  const status = Number(head.slice(9, 12));
  if (!head.startsWith("HTTP/1.") || !(status >= 100 && status <= 999)) {
    throw new MessageError(
      `Cannot read status line: received "${head.split("\r\n", 1)[0]?.slice(0, 60)}"`,
    );
  }
  return status;
}

function parseFraming(head: string): { readonly length: number; readonly chunked: boolean } {
  const lower = head.toLowerCase();
  const chunked = /\r\ntransfer-encoding:[^\r]*chunked/.test(lower);
  const at = lower.indexOf("\r\ncontent-length:");
  if (chunked || at < 0) return { length: 0, chunked };
  const end = lower.indexOf("\r\n", at + 2);
  const text = lower.slice(at + 17, end < 0 ? undefined : end).trim();
  if (!/^\d{1,15}$/.test(text)) {
    throw new MessageError(
      `Cannot read message: content-length "${text.slice(0, 40)}" is not a number`,
    );
  }
  return { length: Number(text), chunked: false };
}

interface ChunkState {
  phase: "size" | "data" | "trailer";
  line: string;
  left: number;
}

interface ChunkStep {
  readonly consumed: number;
  readonly bodyBytes: number;
  readonly ended: boolean;
}

// One line or one run of data a call; `left` includes the CRLF that follows the data.
function readChunked(state: ChunkState, bytes: Buffer): ChunkStep {
  if (state.phase === "data") {
    const consumed = Math.min(state.left, bytes.length);
    const bodyBytes = Math.min(Math.max(state.left - 2, 0), consumed);
    state.left -= consumed;
    if (state.left === 0) state.phase = "size";
    return { consumed, bodyBytes, ended: false };
  }
  const end = bytes.indexOf(0x0a);
  state.line += bytes.toString("latin1", 0, end < 0 ? bytes.length : end);
  if (state.line.length > maxHeadBytes) {
    throw new MessageError(`Cannot read message: chunk line is over ${maxHeadBytes} bytes`);
  }
  if (end < 0) return { consumed: bytes.length, bodyBytes: 0, ended: false };
  const line = state.line.replace(/\r$/, "");
  state.line = "";
  if (state.phase === "trailer") return { consumed: end + 1, bodyBytes: 0, ended: line === "" };
  const size = line.split(";", 1)[0]?.trim() ?? "";
  if (!/^[0-9a-f]{1,8}$/i.test(size)) {
    throw new MessageError(
      `Cannot read message: chunk size "${size.slice(0, 40)}" is not a number`,
    );
  }
  state.left = Number.parseInt(size, 16);
  state.phase = state.left === 0 ? "trailer" : "data";
  if (state.phase === "data") state.left += 2;
  return { consumed: end + 1, bodyBytes: 0, ended: false };
}
