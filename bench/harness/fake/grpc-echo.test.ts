import t from "tap";
import { createRequest } from "./fake-request.ts";
import { answerGrpc, frameMessage } from "./grpc-echo.ts";

const grpc = { "content-type": "application/grpc" };

function call(method: string, body: Uint8Array, headers: Record<string, string> = grpc) {
  const request = createRequest({ path: `/clrk.test.Echo/${method}`, method: "POST", headers });
  request.body = Buffer.from(body);
  return answerGrpc(request);
}

t.test("answerGrpc() answers Unary once and ServerStream as often as asked", async (test) => {
  const frame = frameMessage(Buffer.from("hi"));
  test.equal(frame.toString("hex"), "00000000026869");
  const unary = call("Unary", frame);
  test.same([...(unary.chunks ?? [])], [frame]);
  test.match(unary.trailers, { "grpc-status": "0" });
  test.equal([...(call("ServerStream", frame).chunks ?? [])].length, 3);
  const five = call("ServerStream", frame, { ...grpc, "x-echo-count": "5" });
  test.equal([...(five.chunks ?? [])].length, 5);
});

t.test("answerGrpc() ends in Trailers-Only form when it fails", async (test) => {
  const reply = call("Unary", frameMessage(Buffer.alloc(0)), { ...grpc, "x-echo-status": "8" });
  test.same(reply, {
    status: 200,
    headers: { ...grpc, "grpc-status": "8", "grpc-message": "asked%20for%20status%208" },
  });
});

const rejected = [
  ["an unknown method", "Other", "0000000000", grpc, "12"],
  ["no message", "Unary", "", grpc, "3"],
  ["a compressed message", "Unary", "0100000000", grpc, "3"],
  ["a cut message", "Unary", "000000000361", grpc, "3"],
  ["two messages", "Unary", "00000000000000000000", grpc, "3"],
  ["a bad count", "ServerStream", "0000000000", { ...grpc, "x-echo-count": "x" }, "3"],
  ["a huge count", "ServerStream", "0000000000", { ...grpc, "x-echo-count": "10001" }, "3"],
] as const;

for (const [name, method, hex, headers, status] of rejected) {
  t.test(`answerGrpc() refuses ${name}`, async (test) => {
    test.match(call(method, Buffer.from(hex, "hex"), { ...headers }).headers, {
      "grpc-status": status,
    });
  });
}

t.test("answerGrpc() answers in plain HTTP to what is no gRPC", async (test) => {
  test.equal(call("Unary", Buffer.alloc(5), { "content-type": "text/plain" }).status, 415);
  test.equal(answerGrpc(createRequest({ path: "/clrk.test.Echo/Unary" })).status, 400);
});
