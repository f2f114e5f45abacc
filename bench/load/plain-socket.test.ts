/** Unit tests of connections of the plain load client: what is on them before HTTP. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import t from "tap";
import { openSocket } from "./plain-socket.ts";
import { createTestAuthority } from "./test-authority.ts";
import { listen } from "./testdata/listen.ts";

const signature = Buffer.from([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]);

async function received(t: Parameters<typeof listen>[0], capturedPort?: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const done = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on("data", (chunk) => chunks.push(Buffer.from(chunk)));
    socket.on("end", () => done.resolve());
  });
  const port = await listen(t, server);
  const socket = openSocket({
    host: "127.0.0.1",
    port,
    ...(capturedPort !== undefined && { capturedPort }),
  });
  socket.end("GET / HTTP/1.1\r\n\r\n");
  await done.promise;
  return Buffer.concat(chunks);
}

t.test("openSocket() writes nothing of its own on a plain connection", async (t) => {
  t.equal((await received(t)).toString(), "GET / HTTP/1.1\r\n\r\n");
});

t.test("openSocket() begins a captured connection with the header of a worker", async (t) => {
  const bytes = await received(t, 80);
  t.ok(bytes.subarray(0, signature.length).equals(signature));
  t.equal(bytes.readUInt16BE(26), 80, "the port that was dialled");
  t.match(bytes.toString("latin1"), /GET \/ HTTP\/1\.1\r\n\r\n$/);
});

t.test("openSocket() verifies the server's certificate", async (t) => {
  const directory = t.testdir({ one: {}, other: {} });
  const authority = await createTestAuthority(join(directory, "one"), ["api.openai.com"]);
  const other = await createTestAuthority(join(directory, "other"), ["api.openai.com"]);
  const server = createTlsServer(
    { cert: readFileSync(authority.certificateFile), key: readFileSync(authority.keyFile) },
    (socket) => socket.end("hello"),
  );
  const port = await listen(t, server);
  const target = (serverName: string, caPem: string) => ({
    host: "127.0.0.1",
    port,
    tls: { serverName, caPem },
  });
  const good = openSocket(target("api.openai.com", authority.caPem));
  const [chunk] = await once(good, "data");
  t.equal(chunk.toString(), "hello");
  good.destroy();
  for (const { name, caPem } of [
    { name: "api.openai.com", caPem: other.caPem },
    { name: "api.anthropic.com", caPem: authority.caPem },
  ]) {
    const bad = openSocket(target(name, caPem));
    const [error] = await once(bad, "error");
    t.type(error, Error, name);
  }
});
