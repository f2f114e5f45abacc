/**
 * Our HTTP/2 server without gRPC, on plain TCP, for conformance tests: it answers every request with 200 and a few bytes
 * once the request has ended. The product has no such server: its own asks for gRPC on all its sockets.
 */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { createCounters } from "../../extproc/http2/counters.ts";
import { encodeFields } from "../../extproc/http2/hpack-encoder.ts";
import { createLimits } from "../../extproc/http2/limits.ts";
import { SocketLink } from "../../extproc/http2/socket-link.ts";
import type { OpenStream } from "../../extproc/http2/stream.ts";
import { systemClock } from "../../gateway/clock.ts";
import type { TestScope } from "./processes.ts";

/** So few that a test can open more. */
const maxConcurrentStreams = 100;

const head = encodeFields([
  [":status", "200"],
  ["content-type", "text/plain"],
]);
const body = Buffer.from("Hello, HTTP/2");
const nothing = Buffer.alloc(0);

const answer: OpenStream = (stream) => ({
  onBody() {},
  onEnd() {
    stream.sendHeaders(head);
    stream.sendBody(nothing, body);
    stream.end(undefined);
  },
  onClose() {},
});

/** Listens on 127.0.0.1 until the test ends; resolves with the port. */
export async function startHttp2Server(scope: TestScope): Promise<number> {
  const links = new Set<SocketLink>();
  const counters = createCounters();
  const limits = createLimits({ maxConcurrentStreams });
  const server = createServer((socket) => {
    const link = new SocketLink(socket, {
      openStream: answer,
      limits,
      counters,
      clock: systemClock,
      // Broken requests are the point of such a test.
      onError: () => {},
      onClosed: (closed) => links.delete(closed),
    });
    links.add(link);
  });
  scope.teardown(() => {
    for (const link of links) link.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
