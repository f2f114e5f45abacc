import { createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import t from "tap";
import { encodeClientHello, sendClientHello } from "./client-hello.ts";
import { openTcp } from "./proxy-protocol-client.ts";
import { createUpstreamAuthority } from "./upstream-authority.ts";

async function listen(
  test: { teardown(callback: () => unknown): unknown },
  server: ReturnType<typeof createServer>,
) {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.teardown(() => server.close());
  const address = server.address();
  return {
    address: "127.0.0.1",
    port: address !== null && typeof address === "object" ? address.port : 0,
  };
}

t.test("encodeClientHello() is served by a real TLS server, which sees the name", async (test) => {
  const { certificatePem, privateKeyPem } = createUpstreamAuthority().issue(["a.test"]);
  const seen: string[] = [];
  const server = createTlsServer({
    cert: certificatePem,
    key: privateKeyPem,
    SNICallback: (name, callback) => {
      seen.push(name);
      callback(null);
    },
  }).on("tlsClientError", () => {}); // the handshake is never finished
  const endpoint = await listen(test, server);
  test.equal(await sendClientHello(await openTcp(endpoint), encodeClientHello("a.test")), "served");
  test.equal(await sendClientHello(await openTcp(endpoint), encodeClientHello()), "served");
  test.same(seen, ["a.test"]);
});

t.test("encodeClientHello() refuses what has no length on the wire", async (test) => {
  test.throws(
    () => encodeClientHello("a".repeat(65_536)),
    new RangeError("Cannot encode ClientHello: a part has 65536 bytes, at most 65535 fit"),
  );
});

t.test("sendClientHello() says that a peer closed, or sent an alert", async (test) => {
  const closing = await listen(
    test,
    createServer((socket) => socket.destroy()),
  );
  test.equal(await sendClientHello(await openTcp(closing), encodeClientHello("a.test")), "refused");
  const alerting = await listen(
    test,
    createServer((socket) => socket.end(Buffer.from("15030300020228", "hex"))),
  );
  test.equal(await sendClientHello(await openTcp(alerting), encodeClientHello()), "refused");
});

t.test("sendClientHello() says that a peer is silent until the deadline", async (test) => {
  const endpoint = await listen(
    test,
    createServer((socket) => socket.resume()),
  );
  test.equal(await sendClientHello(await openTcp(endpoint), encodeClientHello(), 50), "silent");
});
