import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import t from "tap";
import type { Test } from "tap";
import { openTcp } from "../proxy-protocol-client.ts";
import { describeRequest, receiveBody } from "./received-request.ts";
import type { ReceivedRequest } from "./received-request.ts";

/** Sends raw bytes to a server and returns the record of the request, and whether its body came whole. */
async function receive(
  test: Test,
  bytes: string,
): Promise<{ record: ReceivedRequest; whole: boolean }> {
  const server = createServer();
  const arrived: Promise<IncomingMessage> = new Promise((resolve) =>
    server.once("request", resolve),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.teardown(() => server.close());
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const socket = await openTcp({ address: "127.0.0.1", port });
  socket.end(bytes);
  const incoming = await arrived;
  const record = describeRequest(incoming);
  const whole = await receiveBody(incoming, record);
  socket.destroy();
  return { record, whole };
}

t.test("describeRequest() keeps repeated headers that parsers drop", async (test) => {
  const { record } = await receive(
    test,
    "GET /a?b=c HTTP/1.1\r\nHost: Api.Test:8443\r\nAuthorization: one\r\nauthorization: two\r\nCookie: a=1\r\nCookie: b=2\r\nconstructor: x\r\n\r\n",
  );
  test.match(record, {
    httpVersion: "1.1",
    method: "GET",
    authority: "Api.Test:8443",
    host: "api.test",
    path: "/a?b=c",
    pathname: "/a",
    servername: undefined,
    headers: { authorization: "one, two", cookie: "a=1; b=2", constructor: "x" },
  });
});

t.test("receiveBody() counts and digests the body", async (test) => {
  const { record, whole } = await receive(
    test,
    "POST / HTTP/1.1\r\nHost: x\r\ncontent-length: 3\r\n\r\nabc",
  );
  test.ok(whole);
  test.match(record, {
    state: "received",
    bodyBytes: 3,
    bodySha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  });
  test.equal(record.body.toString(), "abc");
});

t.test("receiveBody() marks a body that breaks off as aborted", async (test) => {
  const { record, whole } = await receive(
    test,
    "POST / HTTP/1.1\r\nHost: x\r\ncontent-length: 9\r\n\r\nabc",
  );
  test.notOk(whole);
  test.match(record, { state: "aborted", bodyBytes: 3, bodySha256: "" });
});
