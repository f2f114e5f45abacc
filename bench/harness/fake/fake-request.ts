/** Builds received requests for unit tests of the fakes, as if they had come over HTTP/2. */
import { createHash } from "node:crypto";
import type { ReceivedRequest } from "./received-request.ts";
import type { Reply } from "./reply.ts";
import type { SiteEnvironment } from "./site.ts";

/** What a test wants to say of a request; the rest is filled in. */
export interface RequestParts {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is, anything else as JSON */
  readonly body?: unknown;
}

/** A clock and digits that never change. */
export const fixedEnvironment: SiteEnvironment = {
  now: () => 1_700_000_000_000,
  randomHex: (digits) => "a".repeat(digits),
};

/** A request whose body arrived whole; POST when it has a body. */
export function createRequest(parts: RequestParts): ReceivedRequest {
  const { body: content } = parts;
  const text =
    typeof content === "string" ? content : content === undefined ? "" : JSON.stringify(content);
  const body = Buffer.from(text, "utf8");
  return {
    httpVersion: "2.0",
    method: parts.method ?? (content === undefined ? "GET" : "POST"),
    authority: "host.test",
    host: "host.test",
    path: parts.path,
    pathname: parts.path.split("?", 1)[0] ?? "",
    headers: { ...parts.headers },
    servername: undefined,
    remotePort: 1,
    bodyBytes: body.length,
    bodySha256: createHash("sha256").update(body).digest("hex"),
    body,
    state: "received",
    status: 0,
    replyState: "pending",
  };
}

/** The JSON of a reply; "null" when it has no text body. */
export function jsonOf(reply: Reply): Record<string, unknown> {
  const value: unknown = JSON.parse(typeof reply.body === "string" ? reply.body : "null");
  return Object.fromEntries(
    typeof value === "object" && value !== null ? Object.entries(value) : [],
  );
}

/** The decoded `data` of each event of a stream; text that is no JSON stays text. */
export function eventsOf(reply: Reply): unknown[] {
  return [...(reply.chunks ?? [])].map((chunk) => {
    const data = /^(?:event: .*\n)?data: (.*)\n\n$/.exec(String(chunk))?.[1] ?? "";
    return data.startsWith("{") ? JSON.parse(data) : data;
  });
}
