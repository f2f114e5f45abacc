/**
 * An MCP server by the official SDK, on loopback: `/json` answers in JSON, `/stream` in event streams, `/sse` is the
 * transport of 2024-11-05, `/raw` answers whatever it is sent. Every message that reached it is kept.
 */
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { TestScope } from "./processes.ts";
import type { UpstreamCertificate } from "./upstream-authority.ts";

/** A server that listens. */
export interface McpUpstream {
  readonly port: number;
  /** Bodies of POST requests, in the order in which they came */
  readonly bodies: readonly string[];
  /** Headers of all requests, in the order in which they came */
  readonly headers: readonly IncomingMessage["headers"][];
  /** Path and query of all requests, in the same order */
  readonly targets: readonly string[];
}

/** Tools that a server has unless others are given; each answers with its name, and one of the name `fail` with an error. */
export const mcpTools = ["search", "read_file", "write_file", "delete_file"];

/** Starts one; it ends with the test. */
export async function startMcpServer(
  scope: TestScope,
  certificate: UpstreamCertificate,
  tools: readonly string[] = mcpTools,
): Promise<McpUpstream> {
  const bodies: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const targets: string[] = [];
  const streams = new Map<string, SSEServerTransport>();
  const sessions = createSessions(tools);
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "https://mcp.test");
    headers.push(request.headers);
    targets.push(request.url ?? "");
    const text = request.method === "POST" ? await readText(request) : "";
    if (request.method === "POST") bodies.push(text);
    if (pathname === "/sse") return openStream(response, streams, tools);
    if (pathname === "/messages") {
      const transport = streams.get(searchParams.get("sessionId") ?? "");
      return transport?.handlePostMessage(request, response, JSON.parse(text));
    }
    if (pathname === "/raw") return answerRaw(response, searchParams.get("coding"));
    if (pathname.endsWith("/session")) return sessions.serve(request, response, text);
    const transport = new StreamableHTTPServerTransport({
      enableJsonResponse: pathname === "/json",
    });
    const server = createTools(tools);
    response.on("close", () => void server.close());
    // Under exactOptionalPropertyTypes the SDK's own classes do not fit its interface.
    await server.connect(transport as Parameters<McpServer["connect"]>[0]);
    await transport.handleRequest(request, response, text === "" ? undefined : JSON.parse(text));
  };
  const server = createServer(
    { cert: certificate.certificatePem, key: certificate.privateKeyPem },
    (request, response) => {
      serve(request, response).catch(() => response.destroy());
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot listen: no port");
  return { port: address.port, bodies, headers, targets };
}

/** Sessions of a server that knows its own and no others. */
function createSessions(tools: readonly string[]) {
  const known = new Map<string, StreamableHTTPServerTransport>();
  const serve = async (request: IncomingMessage, response: ServerResponse, text: string) => {
    const id = String(request.headers["mcp-session-id"] ?? "");
    const body = text === "" ? undefined : JSON.parse(text);
    const session = known.get(id);
    if (session !== undefined) return session.handleRequest(request, response, body);
    if (id !== "") return void response.writeHead(404).end();
    const transport = new StreamableHTTPServerTransport({
      enableJsonResponse: true,
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (begun) => void known.set(begun, transport),
    });
    await createTools(tools).connect(transport as Parameters<McpServer["connect"]>[0]);
    return transport.handleRequest(request, response, body);
  };
  return { serve };
}

async function openStream(
  response: ServerResponse,
  streams: Map<string, SSEServerTransport>,
  tools: readonly string[],
) {
  const transport = new SSEServerTransport("/messages", response);
  streams.set(transport.sessionId, transport);
  await createTools(tools).connect(transport);
}

/** A list of tools, compressed whether it was asked for or not. */
function answerRaw(response: ServerResponse, coding: string | null): void {
  const tools = mcpTools.map((name) => ({ name, inputSchema: { type: "object" } }));
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools } });
  response.setHeader("content-type", "application/json");
  if (coding === "gzip") {
    response.setHeader("content-encoding", "gzip");
    response.end(gzipSync(body));
  } else response.end(body);
}

function createTools(tools: readonly string[]): McpServer {
  const server = new McpServer({ name: "fake", version: "1.0.0" });
  for (const name of tools) {
    server.registerTool(name, { description: name }, async () => ({
      content: [{ type: "text", text: name }],
      ...(name === "fail" && { isError: true }),
    }));
  }
  for (const uri of ["docs://open/a", "docs://secret/b"]) {
    server.registerResource(uri, uri, {}, async () => ({ contents: [{ uri, text: uri }] }));
  }
  server.registerResource(
    "secrets",
    new ResourceTemplate("docs://secret/{name}", { list: undefined }),
    {},
    async (uri) => ({ contents: [{ uri: uri.href, text: "secret" }] }),
  );
  for (const name of ["review", "jailbreak"]) {
    server.registerPrompt(name, {}, async () => ({
      messages: [{ role: "user", content: { type: "text", text: name } }],
    }));
  }
  return server;
}

async function readText(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
