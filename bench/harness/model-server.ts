/**
 * An HTTPS server that answers as told by the test, byte by byte: compressed bodies, broken ones, bombs, streams that
 * end in the middle. What providers send when all is well is `fake-provider.ts`'s matter.
 */
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { TestScope } from "./processes.ts";
import type { UpstreamCertificate } from "./upstream-authority.ts";

/** One request with its whole body. */
export interface ModelRequest {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

/** Answers one request. */
export type AnswerModel = (received: ModelRequest, response: ServerResponse) => void;

/** A running server. */
export interface ModelServer {
  readonly port: number;
  /** Requests whose body arrived, oldest first */
  readonly received: readonly ModelRequest[];
  /** Answers from now on */
  answerWith(answer: AnswerModel): void;
}

/** Starts the server on loopback; it ends with the test. */
export async function startModelServer(
  scope: TestScope,
  certificate: UpstreamCertificate,
): Promise<ModelServer> {
  const received: ModelRequest[] = [];
  let answer: AnswerModel = (_, response) => response.end();
  const sockets = new Set<Socket>();
  const { certificatePem: cert, privateKeyPem: key } = certificate;
  const server = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = [];
    // A client that goes away in the middle is part of what is tested.
    request.on("error", () => {});
    response.on("error", () => {});
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const entry = { request, body: Buffer.concat(chunks) };
      received.push(entry);
      answer(entry, response);
    });
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  scope.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const bound = server.address();
  return {
    port: bound !== null && typeof bound === "object" ? bound.port : 0,
    received,
    answerWith: (next) => {
      answer = next;
    },
  };
}
