import { createServer } from "node:net";
import type { Socket } from "node:net";
import t from "tap";
import type { Test } from "tap";
import { openTcp, openWithProxyHeader, sendRaw } from "./proxy-protocol-client.ts";
import { encodeProxyHeader } from "./proxy-protocol-header.ts";
import type { Endpoint } from "./proxy-protocol-header.ts";
import { createTcpUpstream } from "./tcp-upstream.ts";

const header = {
  source: { address: "10.0.0.2", port: 40_000 },
  destination: { address: "93.184.216.34", port: 443 },
  identity: { agentKind: "DaemonAgent" },
};

async function listen(test: Test, onConnection: (socket: Socket) => void): Promise<Endpoint> {
  const server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.teardown(() => server.close());
  const address = server.address();
  return {
    address: "127.0.0.1",
    port: address !== null && typeof address === "object" ? address.port : 0,
  };
}

t.test("openWithProxyHeader() sends the header before anything else", async (test) => {
  const upstream = await createTcpUpstream();
  test.teardown(() => upstream.close());
  const socket = await openWithProxyHeader(upstream, header);
  test.teardown(() => socket.destroy());
  socket.end("payload");
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  test.same(
    Buffer.concat(chunks),
    Buffer.concat([encodeProxyHeader(header), Buffer.from("payload")]),
  );
});

t.test("openWithProxyHeader() opens nothing when the header cannot be encoded", async (test) => {
  const upstream = await createTcpUpstream();
  test.teardown(() => upstream.close());
  const wrong = { ...header, source: { address: "::1", port: 1 } };
  await test.rejects(openWithProxyHeader(upstream, wrong), { name: "RangeError" });
  test.same(upstream.connections, []);
});

t.test("openTcp() rejects when nothing listens", async (test) => {
  const upstream = await createTcpUpstream();
  await upstream.close();
  await test.rejects(openTcp(upstream), { code: "ECONNREFUSED" });
});

t.test("sendRaw() tells a reset from a close and from silence", async (test) => {
  const resets = await listen(test, (socket) =>
    socket.once("data", () => socket.resetAndDestroy()),
  );
  test.match(await sendRaw(resets, Buffer.from("x")), { closed: true, reset: true });
  const closes = await listen(test, (socket) => socket.once("data", () => socket.end("bye")));
  test.match(await sendRaw(closes, Buffer.from("x")), {
    closed: true,
    reset: false,
    received: Buffer.from("bye"),
  });
  const silent = await listen(test, (socket) => socket.resume());
  test.match(await sendRaw(silent, Buffer.from("x"), 50), { closed: false, reset: false });
});
