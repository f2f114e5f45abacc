/** Unit tests of the fake upstream over real TLS: answers, credential check and counts. */
import { once } from "node:events";
import { connect } from "node:tls";
import t from "tap";
import { createMessageReader, statusOf } from "./message-reader.ts";
import type { TestAuthority } from "./test-authority.ts";
import { createTestAuthority } from "./test-authority.ts";
import { createUpstream } from "./upstream.ts";

async function exchange(authority: TestAuthority, port: number, requests: string, count: number) {
  const socket = connect({
    host: "127.0.0.1",
    port,
    servername: "a.bench.test",
    ca: authority.caPem,
  });
  const statuses: number[] = [];
  const reader = createMessageReader(({ head }) => statuses.push(statusOf(head)));
  await once(socket, "secureConnect");
  socket.write(requests);
  while (statuses.length < count) reader.push((await once(socket, "data"))[0]);
  socket.destroy();
  return statuses;
}

t.test("createUpstream() answers and counts requests by credential", async (t) => {
  const authority = await createTestAuthority(t.testdir({}), ["*.bench.test"]);
  const upstream = createUpstream({ ...authority, authorization: "Bearer Right-1" });
  upstream.server.listen(0, "127.0.0.1");
  await once(upstream.server, "listening");
  t.teardown(() => upstream.server.close());
  const address = upstream.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  const post = (path: string, extra = "") =>
    `POST ${path} HTTP/1.1\r\nhost: a.bench.test\r\n${extra}content-length: 2\r\n\r\n{}`;
  const requests = [
    post("/v1/messages"),
    post("/credential-required/v1/messages"),
    post("/credential-required/v1/messages", "authorization: Bearer wrong\r\n"),
    post("/credential-required/v1/messages", "Authorization: Bearer Right-1\r\n"),
    post("/v1/messages", "authorization: Bearer Right-1\r\n"),
  ].join("");
  t.same(await exchange(authority, port, requests, 5), [200, 401, 401, 200, 200]);
  t.same(upstream.counts(), { handshakes: 1, requests: 5, credentialed: 2 });
});

t.test("createUpstream() closes the connection when bytes are no request", async (t) => {
  const authority = await createTestAuthority(t.testdir({}), ["*.bench.test"]);
  const upstream = createUpstream({ ...authority, authorization: "x" });
  upstream.server.listen(0, "127.0.0.1");
  await once(upstream.server, "listening");
  t.teardown(() => upstream.server.close());
  const address = upstream.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const socket = connect({ port, servername: "a.bench.test", ca: authority.caPem });
  await once(socket, "secureConnect");
  socket.on("error", () => {});
  socket.write("POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n");
  await once(socket, "close");
  t.same(upstream.counts(), { handshakes: 1, requests: 0, credentialed: 0 });
});
