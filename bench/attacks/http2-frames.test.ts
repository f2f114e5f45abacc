import { createServer } from "node:http2";
import { connect } from "node:net";
import t from "tap";
import { plainHeadersFrame } from "./http2-frames.ts";

t.test("plainHeadersFrame() is a request that an HTTP/2 server understands", async (test) => {
  const long = "x".repeat(300);
  const server = createServer();
  const seen = new Promise<object>((resolve) => {
    server.once("stream", (stream, headers) => {
      stream.close();
      resolve(headers);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.teardown(() => server.close());
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const socket = connect(port, "127.0.0.1");
  test.teardown(() => socket.destroy());
  socket.write(
    plainHeadersFrame([
      [":method", "GET"],
      [":scheme", "http"],
      [":path", "/a"],
      [":authority", "x.test"],
      ["x-long", long],
    ]),
  );
  test.match(await seen, { ":path": "/a", ":authority": "x.test", "x-long": long });
});
