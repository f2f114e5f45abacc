/**
 * Speaks to an explicit HTTP proxy byte by byte: CONNECT (also as HTTP/1.0, with or without a credential)
 * and absolute-form requests. A refused CONNECT is a value: it is what many tests look at.
 */
import type { Socket } from "node:net";
import { httpOver } from "./http-over-socket.ts";
import type { HttpRequest, HttpResponse } from "./http-over-socket.ts";
import { openTcp } from "./proxy-protocol-client.ts";
import type { Endpoint } from "./proxy-protocol-header.ts";

const headLimitBytes = 65_536;
const defaultDeadlineMs = 5_000;

/** One CONNECT. */
export interface ConnectRequest {
  /** `host:port`, sent as it is */
  readonly target: string;
  /** Whole value of `Proxy-Authorization`; none is sent when absent */
  readonly authorization?: string;
  /** "1.1" when absent; "1.0" is what Python's http.client sends */
  readonly httpVersion?: "1.0" | "1.1";
  readonly headers?: Readonly<Record<string, string>>;
  /** Longest time to the end of the answer in `ms`; 5 s when absent */
  readonly deadlineMs?: number;
}

/** The proxy's answer to CONNECT. The caller owns the socket of a tunnel. */
export type ConnectAnswer =
  | {
      readonly kind: "tunnel";
      readonly status: number;
      readonly headers: Headers;
      readonly socket: Socket;
    }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly headers: Headers;
      readonly body: string;
    };

/** Value of `Proxy-Authorization` for a user and a password. */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
}

/** Asks a proxy for a tunnel. Rejects when the answer is no HTTP response, is cut off, or is late. */
export async function openThroughProxy(
  proxy: Endpoint,
  request: ConnectRequest,
): Promise<ConnectAnswer> {
  const deadlineMs = request.deadlineMs ?? defaultDeadlineMs;
  const socket = await openTcp(proxy, deadlineMs);
  const timer = setTimeout(() => socket.destroy(), deadlineMs);
  try {
    socket.write(encodeConnect(request));
    const { head, rest } = await readHead(socket, request.target);
    const { status, headers } = parseHead(head);
    if (status >= 200 && status < 300) {
      if (rest.length > 0) socket.unshift(rest); // server-first protocols may speak at once
      return { kind: "tunnel", status, headers, socket };
    }
    const body = await readRefusal(socket, rest, headers);
    socket.destroy();
    return { kind: "refused", status, headers, body };
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Sends one absolute-form request (`GET http://host/path`) to a proxy on a connection of its own. */
export async function requestAbsolute(
  proxy: Endpoint,
  url: string,
  options: Omit<HttpRequest, "path" | "authority"> & { readonly authorization?: string } = {},
): Promise<HttpResponse> {
  const { authorization, headers, ...rest } = options;
  const socket = await openTcp(proxy);
  try {
    return await httpOver(socket, {
      ...rest,
      path: url,
      authority: new URL(url).host,
      headers: {
        ...headers,
        ...(authorization === undefined ? {} : { "proxy-authorization": authorization }),
      },
    });
  } finally {
    socket.destroy();
  }
}

function encodeConnect(request: ConnectRequest): string {
  const lines = [`CONNECT ${request.target} HTTP/${request.httpVersion ?? "1.1"}`];
  if (request.httpVersion !== "1.0") lines.push(`Host: ${request.target}`);
  if (request.authorization !== undefined)
    lines.push(`Proxy-Authorization: ${request.authorization}`);
  for (const [name, value] of Object.entries(request.headers ?? {}))
    lines.push(`${name}: ${value}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function readHead(socket: Socket, target: string): Promise<{ head: string; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0);
    const settle = (act: () => void): void => {
      socket.off("readable", onReadable).off("close", onClose);
      act();
    };
    const onClose = (): void => {
      settle(() =>
        reject(new Error(`Cannot open tunnel to "${target}": proxy closed before it answered`)),
      );
    };
    // Not "data": pausing afterwards would keep the caller's own "data" listener from starting the flow.
    const onReadable = (): void => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf("\r\n\r\n");
      if (end >= 0) {
        const head = seen.toString("latin1", 0, end);
        settle(() => resolve({ head, rest: seen.subarray(end + 4) }));
      } else if (seen.length > headLimitBytes) {
        settle(() =>
          reject(
            new Error(
              `Cannot open tunnel to "${target}": answer head over ${headLimitBytes} bytes`,
            ),
          ),
        );
      }
    };
    socket.on("readable", onReadable).on("close", onClose);
  });
}

function parseHead(head: string): { status: number; headers: Headers } {
  const [statusLine = "", ...lines] = head.split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})( |$)/.exec(statusLine)?.[1];
  if (status === undefined) {
    throw new Error(`Cannot open tunnel: "${statusLine.slice(0, 100)}" is not an HTTP status line`);
  }
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) throw new Error(`Cannot open tunnel: "${line.slice(0, 100)}" is not a header`);
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers };
}

async function readRefusal(socket: Socket, rest: Buffer, headers: Headers): Promise<string> {
  const wanted = Number(headers.get("content-length") ?? Number.POSITIVE_INFINITY);
  const chunks = [rest];
  let length = rest.length;
  if (length >= wanted) return rest.toString("utf8");
  for await (const chunk of socket) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= wanted || length > headLimitBytes) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}
