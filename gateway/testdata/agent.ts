/**
 * An agent under test: sends requests through a rig's explicit proxy or transparent listener, over TLS or in plain,
 * and says what came back.
 */
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { aliceAuthorization } from "./envoy-rig.ts";
import type { EnvoyRig } from "./envoy-rig.ts";

/** An answer, its body as text and, where it is JSON, parsed. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: unknown;
}

/** What a request is made of; all of it has a default. */
export interface AgentRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Port that is dialled; default 443 on TLS, 80 on plain HTTP */
  readonly port?: number;
  /** Server name of the handshake; default the host */
  readonly sni?: string;
  /** Host header; default the host */
  readonly authority?: string;
  /** Proxy-Authorization; default the credential of `alice` */
  readonly proxyAuthorization?: string | undefined;
}

/** A request over TLS inside CONNECT. Rejects when the handshake or the connection fails. */
export async function secureRequest(
  rig: EnvoyRig,
  host: string,
  options: AgentRequest = {},
): Promise<Reply> {
  const tunnel = await openTunnel(rig, `${host}:${options.port ?? 443}`, options);
  return await secureOver(tunnel, host, options);
}

/** A request over TLS on an open connection. */
export async function secureOver(
  tunnel: Socket,
  host: string,
  options: AgentRequest = {},
): Promise<Reply> {
  const socket = tlsConnect({
    socket: tunnel,
    servername: options.sni ?? host,
    rejectUnauthorized: false,
    ALPNProtocols: ["http/1.1"],
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("Connection closed in the handshake")));
  });
  return await requestOver(socket, host, options);
}

/** A plain request in absolute form, as HTTP_PROXY clients send it. */
export function plainRequest(
  rig: EnvoyRig,
  host: string,
  options: AgentRequest = {},
): Promise<Reply> {
  const socket = connect(rig.proxyPort, "127.0.0.1");
  const authorization =
    "proxyAuthorization" in options ? options.proxyAuthorization : aliceAuthorization;
  const target = options.port === undefined ? host : `${host}:${options.port}`;
  return requestOver(socket, target, {
    ...options,
    path: `http://${target}${options.path ?? "/"}`,
    headers: {
      ...(authorization !== undefined && { "proxy-authorization": authorization }),
      ...options.headers,
    },
  });
}

/** One HTTP/1.1 request on a connection that ends with it. */
export function requestOver(
  socket: Socket,
  host: string,
  { method = "GET", path = "/", headers = {}, body, authority }: AgentRequest = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      createConnection: () => socket,
      method,
      path,
      headers: { host: authority ?? host, connection: "close", ...headers },
    });
    outgoing.once("error", reject);
    outgoing.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      // An answer that is cut off has no end.
      response.once("error", reject);
      response.once("end", () => {
        const text = Buffer.concat(chunks).toString();
        socket.destroy();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: tryParse(text),
        });
      });
    });
    outgoing.end(body);
  });
}

/** Opens a CONNECT tunnel; rejects with the status when the proxy refuses. */
export function openTunnel(
  rig: EnvoyRig,
  target: string,
  options: Pick<AgentRequest, "proxyAuthorization"> = {},
): Promise<Socket> {
  const authorization =
    "proxyAuthorization" in options ? options.proxyAuthorization : aliceAuthorization;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      host: "127.0.0.1",
      port: rig.proxyPort,
      method: "CONNECT",
      path: target,
      headers: {
        host: target,
        ...(authorization !== undefined && { "proxy-authorization": authorization }),
      },
      agent: false,
    });
    outgoing.once("error", reject);
    outgoing.once("connect", (response, socket: Socket, head: Buffer) => {
      if (response.statusCode === 200) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      } else {
        socket.destroy();
        reject(new Error(`CONNECT answered ${response.statusCode}`));
      }
    });
    outgoing.end();
  });
}

/** What comes through a tunnel until it closes; also empty when the proxy answers that it was closed at once. */
export async function readTunnel(rig: EnvoyRig, target: string): Promise<string> {
  try {
    return await readAll(await openTunnel(rig, target));
  } catch (error) {
    if (error instanceof Error && error.message === "CONNECT answered 403") return "";
    throw error;
  }
}

/** Who a transparent connection says it is, and where it goes; TLV values by type. */
export interface TransparentOptions {
  readonly address: string;
  readonly port: number;
  readonly tlvs?: Readonly<Record<number, string>>;
}

/** Identity TLVs of TaskAgent default/researcher. */
export const researcher = { 0xe0: "TaskAgent", 0xe1: "default", 0xe2: "researcher" };

/** Opens a connection to the transparent listener behind a PROXY v2 header. */
export async function openTransparent(
  rig: EnvoyRig,
  { address, port, tlvs = researcher }: TransparentOptions,
): Promise<Socket> {
  const socket = connect(rig.transparentPort, "127.0.0.1");
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  socket.write(proxyHeader(address, port, tlvs));
  return socket;
}

/** Everything that the peer sends until it closes; errors count as the end. */
export function readAll(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => {});
    socket.once("close", () => resolve(Buffer.concat(chunks).toString()));
  });
}

/** PROXY protocol v2 over IPv4 with TLVs (section 2.2 of the specification). */
function proxyHeader(address: string, port: number, tlvs: Readonly<Record<number, string>>) {
  const encoded = Object.entries(tlvs).map(([type, value]) => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([Number(type), bytes.length >> 8, bytes.length & 255]), bytes]);
  });
  const addresses = Buffer.alloc(12);
  Buffer.from([10, 88, 0, 2]).copy(addresses, 0);
  Buffer.from(address.split(".").map(Number)).copy(addresses, 4);
  addresses.writeUInt16BE(40_000, 8);
  addresses.writeUInt16BE(port, 10);
  const body = Buffer.concat([addresses, ...encoded]);
  const head = Buffer.from("0d0a0d0a000d0a515549540a2111", "hex");
  return Buffer.concat([head, Buffer.from([body.length >> 8, body.length & 255]), body]);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // not JSON: the text is there
    return undefined;
  }
}
