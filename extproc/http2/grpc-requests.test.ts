/** Tests of which requests become calls, and what the others are told. */
import t from "tap";
import { createRequestOpener } from "./grpc-requests.ts";
import { createLimits } from "./limits.ts";
import { callFields, callPath, headers, lastHeaders } from "./testdata/client-frames.ts";
import { TestPeer } from "./testdata/test-peer.ts";

function start() {
  const opened: string[] = [];
  const openStream = createRequestOpener({
    methods: new Map([
      [
        callPath,
        (stream) => {
          opened.push(stream.header("content-type") ?? "");
          return { onMessage() {}, onHalfClose: () => stream.finish(0), onClose() {} };
        },
      ],
    ]),
    limits: createLimits(),
    onError: (error) => t.fail("no error is expected", { error }),
  });
  return { peer: new TestPeer({ openStream }), opened };
}

const changed = (name: string, value: string) =>
  callFields.map((field) => (field[0] === name ? ([name, value] as const) : field));

for (const type of ["application/grpc", "application/grpc+proto", "application/grpc;a=b"]) {
  t.test(`a request of type "${type}" is a call`, async (t) => {
    const { peer, opened } = start();
    peer.say(lastHeaders(1, changed("content-type", type)));
    t.strictSame(opened, [type]);
    t.match(peer.heard(), [/grpc-status=0 end$/]);
  });
}

t.test("a request without te is a call", async (t) => {
  const { peer, opened } = start();
  peer.say(
    lastHeaders(
      1,
      callFields.filter(([name]) => name !== "te"),
    ),
  );
  t.equal(opened.length, 1);
});

const unimplemented =
  ":status=200 content-type=application/grpc grpc-status=12 " +
  "grpc-message=The method is not served here";

const refused: readonly { name: string; fields: typeof callFields; heard: string }[] = [
  ...["application/json", "application/grpc-web", "application/grpcx", ""].map((type) => ({
    name: `type "${type}"`,
    fields: changed("content-type", type),
    heard: ":status=415",
  })),
  {
    name: "no type",
    fields: callFields.filter(([name]) => name !== "content-type"),
    heard: ":status=415",
  },
  { name: "method GET", fields: changed(":method", "GET"), heard: ":status=405" },
  { name: "an unknown path", fields: changed(":path", "/a"), heard: unimplemented },
  { name: "a path with a query", fields: changed(":path", `${callPath}?a`), heard: unimplemented },
  { name: "a property of objects", fields: changed(":path", "constructor"), heard: unimplemented },
];

for (const { name, fields, heard } of refused) {
  t.test(`a request with ${name} is refused`, async (t) => {
    const { peer, opened } = start();
    peer.say(headers(1, fields), lastHeaders(3, fields));
    t.strictSame(peer.heard(), [
      `HEADERS 1 ${heard} end`,
      "RST_STREAM 1 NO_ERROR",
      `HEADERS 3 ${heard} end`,
    ]);
    t.strictSame(opened, []);
    t.equal(peer.counters.openStreams, 0);
  });
}
