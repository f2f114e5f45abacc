import t from "tap";
import { openTcp } from "./proxy-protocol-client.ts";
import { waitUntil } from "./processes.ts";
import { createTcpUpstream } from "./tcp-upstream.ts";

t.test("createTcpUpstream() echoes everything and then ends when the client ends", async (test) => {
  const upstream = await createTcpUpstream();
  test.teardown(() => upstream.close());
  const socket = await openTcp(upstream);
  const sent = Buffer.alloc(200_000, "0123456789");
  socket.end(sent);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  test.ok(Buffer.concat(chunks).equals(sent));
  const [connection] = upstream.connections;
  test.match(connection, { bytesReceived: 200_000, state: "ended" });
  test.equal(connection?.head.length, 4_096);
});

t.test("createTcpUpstream() speaks first when it has a banner", async (test) => {
  const upstream = await createTcpUpstream({ banner: "220 mail.test ESMTP\r\n" });
  test.teardown(() => upstream.close());
  const socket = await openTcp(upstream);
  const first = await new Promise((resolve) => socket.once("data", resolve));
  test.equal(String(first), "220 mail.test ESMTP\r\n");
  socket.resetAndDestroy();
  await waitUntil(() => upstream.connections[0]?.state === "reset", {
    deadlineMs: 20_000,
    what: "reset",
  });
});

t.test("createTcpUpstream() listens on IPv6 when told so", async (test) => {
  const upstream = await createTcpUpstream({ address: "::1" });
  test.teardown(() => upstream.close());
  const socket = await openTcp(upstream);
  test.equal(socket.remoteAddress, "::1");
  socket.destroy();
});

t.test("close() ends open connections and is idempotent", async () => {
  const upstream = await createTcpUpstream();
  const socket = await openTcp(upstream);
  socket.resume();
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await waitUntil(() => upstream.connections.length === 1, {
    deadlineMs: 20_000,
    what: "connection",
  });
  await upstream.close();
  await upstream.close();
  await closed;
});
