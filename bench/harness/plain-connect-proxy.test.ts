import t from "tap";
import { openThroughProxy } from "./connect-proxy-client.ts";
import { httpOver } from "./http-over-socket.ts";
import { createPlainConnectProxy } from "./plain-connect-proxy.ts";
import { openTcp } from "./proxy-protocol-client.ts";
import { createTcpUpstream } from "./tcp-upstream.ts";

t.test("createPlainConnectProxy() splices both ways and records who asked", async (test) => {
  const upstream = await createTcpUpstream();
  test.teardown(() => upstream.close());
  const proxy = await createPlainConnectProxy({ targets: new Map([["a.test:1", upstream]]) });
  test.teardown(() => proxy.close());
  const answer = await openThroughProxy(proxy, { target: "a.test:1" });
  if (answer.kind !== "tunnel") throw new Error(`refused with ${answer.status}`);
  answer.socket.end("ping");
  const chunks: Buffer[] = [];
  for await (const chunk of answer.socket) chunks.push(chunk);
  test.equal(Buffer.concat(chunks).toString(), "ping");
  test.equal(proxy.url, `http://127.0.0.1:${proxy.port}`);
  test.same(proxy.asked.length, 1);
});

t.test("createPlainConnectProxy() answers 400 when the target is not absolute", async (test) => {
  const proxy = await createPlainConnectProxy({ targets: new Map() });
  test.teardown(() => proxy.close());
  const socket = await openTcp(proxy);
  const response = await httpOver(socket, { path: "/origin-form", authority: "a.test" });
  test.equal(response.status, 400);
  socket.destroy();
});

t.test("close() ends open tunnels and is idempotent", async (test) => {
  const upstream = await createTcpUpstream();
  test.teardown(() => upstream.close());
  const proxy = await createPlainConnectProxy({ targets: new Map([["a.test:1", upstream]]) });
  const answer = await openThroughProxy(proxy, { target: "a.test:1" });
  if (answer.kind !== "tunnel") throw new Error(`refused with ${answer.status}`);
  const closed = new Promise((resolve) => answer.socket.once("close", resolve));
  answer.socket.resume();
  await proxy.close();
  await proxy.close();
  await closed;
});
