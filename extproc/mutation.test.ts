/** Tests of replies to Envoy: what generated code reads from them is what was asked for. */
import t from "tap";
import { envoy } from "../gateway/proto/gen/extproc.js";
import {
  continueReplies,
  encodeBodyChunk,
  encodeBodyReply,
  encodeHeadersReply,
  encodeTrailersReply,
} from "./mutation.ts";
import type { BodyMode, HeadersReply } from "./mutation.ts";
import { randomChanges } from "./testdata/random-changes.ts";
import { seededRandom } from "./testdata/random.ts";
import { mutationOf } from "./testdata/reply-oracle.ts";

const { ProcessingResponse, CommonResponse } = envoy.service.ext_proc.v3;
const { ProcessingMode } = envoy.extensions.filters.http.ext_proc.v3;
const { BodySendMode, HeaderSendMode } = ProcessingMode;

/** A reply as plain data, defaults included. */
function read(bytes: Buffer): object {
  return plain(ProcessingResponse.decode(bytes));
}

/** The same message, said by generated code. */
function expected(message: Parameters<typeof ProcessingResponse.encode>[0]): object {
  return plain(ProcessingResponse.decode(ProcessingResponse.encode(message).finish()));
}

function plain(message: object): object {
  return JSON.parse(JSON.stringify(message)) as object;
}

const metadataOf = (id: string) => ({
  fields: { clrk: { structValue: { fields: { id: { stringValue: id } } } } },
});

const headersPhases = [
  { phase: "request-headers", field: "requestHeaders" },
  { phase: "response-headers", field: "responseHeaders" },
] as const;
const bodyPhases = [
  { phase: "request-body", field: "requestBody" },
  { phase: "response-body", field: "responseBody" },
] as const;
const trailersPhases = [
  { phase: "request-trailers", field: "requestTrailers" },
  { phase: "response-trailers", field: "responseTrailers" },
] as const;

for (const { phase, field } of [...headersPhases, ...bodyPhases, ...trailersPhases]) {
  t.test(`continueReplies answers ${phase} without a change`, async (t) => {
    t.same(read(continueReplies[phase]), expected({ [field]: {} }));
  });
}

for (const { phase, field } of headersPhases) {
  t.test(`encodeHeadersReply() says what it is given for ${phase}`, async (t) => {
    const random = seededRandom(5);
    for (let round = 0; round < 300; round++) {
      const changes = randomChanges(random);
      const clearRouteCache = random.below(2) === 0;
      const bytes = encodeHeadersReply(phase, { ...changes, clearRouteCache, transactionId: "é1" });
      const response = { ...mutationOf(changes), clearRouteCache };
      const reply = { [field]: { response }, dynamicMetadata: metadataOf("é1") };
      // A response that says nothing may stand or not: both let headers pass.
      const isEmpty = !clearRouteCache && changes.set.length + changes.remove.length === 0;
      if (isEmpty) t.same(read(bytes), expected({ ...reply, [field]: { response: {} } }));
      else t.same(read(bytes), expected(reply));
    }
  });

  t.test(`encodeHeadersReply() gives the shared bytes for ${phase} without a change`, async (t) => {
    t.equal(encodeHeadersReply(phase, { set: [], remove: [] }), continueReplies[phase]);
    const cleared: HeadersReply = { set: [], remove: [], clearRouteCache: false };
    t.equal(encodeHeadersReply(phase, cleared), continueReplies[phase]);
  });
}

t.test(
  "encodeHeadersReply() picks a way beside the id, with a change so that it counts",
  async (t) => {
    const reply = { set: [], remove: [], transactionId: "1", way: { pick: "let-by/no-rule" } };
    const { requestHeaders, dynamicMetadata } = ProcessingResponse.decode(
      encodeHeadersReply("request-headers", reply),
    );
    t.same(dynamicMetadata?.fields["clrk"]?.structValue?.fields, {
      id: { stringValue: "1" },
      pick: { stringValue: "let-by/no-rule" },
    });
    t.equal(requestHeaders?.response?.clearRouteCache, true);
    t.strictSame(requestHeaders?.response?.headerMutation?.removeHeaders, ["x-clrk-served"]);
  },
);

t.test("encodeHeadersReply() overwrites by raw_value and keeps the order", async (t) => {
  const bytes = encodeHeadersReply("request-headers", {
    set: [
      [":path", "/ü"],
      ["x-empty", ""],
    ],
    remove: ["x-a", "x-b"],
  });
  const { requestHeaders } = ProcessingResponse.decode(bytes);
  const mutation = requestHeaders?.response?.headerMutation;
  t.strictSame(
    mutation?.setHeaders.map(({ header, appendAction }) => [
      header?.key,
      header?.value,
      Buffer.from(header?.rawValue ?? "").toString(),
      appendAction,
    ]),
    [
      [":path", "", "/ü", 2],
      ["x-empty", "", "", 2],
    ],
  );
  t.strictSame(mutation?.removeHeaders, ["x-a", "x-b"]);
  t.equal(requestHeaders?.response?.status, CommonResponse.ResponseStatus.CONTINUE);
});

const bodyModes: ReadonlyArray<{ mode: BodyMode; number: number }> = [
  { mode: "none", number: BodySendMode.NONE },
  { mode: "streamed", number: BodySendMode.STREAMED },
  { mode: "buffered", number: BodySendMode.BUFFERED },
  { mode: "buffered-partial", number: BodySendMode.BUFFERED_PARTIAL },
  { mode: "full-duplex-streamed", number: BodySendMode.FULL_DUPLEX_STREAMED },
];
const { SEND, SKIP } = HeaderSendMode;

for (const request of bodyModes) {
  for (const response of bodyModes) {
    t.test(
      `encodeHeadersReply() asks for ${request.mode} and ${response.mode} bodies`,
      async (t) => {
        const trailers = ({ mode }: { mode: BodyMode }) => {
          return mode === "full-duplex-streamed" ? SEND : SKIP;
        };
        for (const responseHeaders of ["send", "skip"] as const) {
          const mode = { request: request.mode, response: response.mode, responseHeaders };
          const bytes = encodeHeadersReply("request-headers", { set: [], remove: [], mode });
          t.same(
            read(bytes),
            expected({
              requestHeaders: { response: {} },
              modeOverride: {
                requestHeaderMode: SEND,
                responseHeaderMode: responseHeaders === "send" ? SEND : SKIP,
                requestBodyMode: request.number,
                responseBodyMode: response.number,
                requestTrailerMode: trailers(request),
                responseTrailerMode: trailers(response),
              },
            }),
          );
        }
      },
    );
  }
}

t.test(
  "encodeHeadersReply() asks for response headers where nothing is said of them",
  async (t) => {
    const mode = { request: "none", response: "none" } as const;
    const bytes = encodeHeadersReply("request-headers", { set: [], remove: [], mode });
    t.equal(ProcessingResponse.decode(bytes).modeOverride?.responseHeaderMode, SEND);
  },
);

for (const { phase, field } of bodyPhases) {
  t.test(`encodeBodyReply() says what it is given for ${phase}`, async (t) => {
    const random = seededRandom(6);
    for (let round = 0; round < 200; round++) {
      const body = random.bytes(random.below(400));
      const changes = randomChanges(random);
      const bytes = encodeBodyReply(phase, { ...changes, body, transactionId: "1" });
      const response = { ...mutationOf(changes), bodyMutation: { body } };
      t.same(read(bytes), expected({ [field]: { response }, dynamicMetadata: metadataOf("1") }));
    }
  });

  t.test(`encodeBodyReply() tells an empty body from none for ${phase}`, async (t) => {
    t.equal(encodeBodyReply(phase, {}), continueReplies[phase]);
    const bytes = encodeBodyReply(phase, { body: Buffer.alloc(0) });
    const response = { bodyMutation: { body: Buffer.alloc(0) } };
    t.same(read(bytes), expected({ [field]: { response } }));
  });

  t.test(`encodeBodyReply() takes changes, modes and no body for ${phase}`, async (t) => {
    const changes = { set: [["x-a", "1"]], remove: [] } as const;
    const mode = { request: "none", response: "none" } as const;
    t.same(
      read(encodeBodyReply(phase, { set: changes.set, mode })),
      expected({
        [field]: { response: mutationOf(changes) },
        modeOverride: {
          requestHeaderMode: SEND,
          responseHeaderMode: SEND,
          requestTrailerMode: SKIP,
          responseTrailerMode: SKIP,
        },
      }),
    );
  });

  t.test(`encodeBodyChunk() sends a piece on for ${phase}`, async (t) => {
    for (const body of [Buffer.alloc(0), Buffer.from("piece"), Buffer.alloc(100_000, 1)]) {
      for (const endOfStream of [false, true]) {
        const response = { bodyMutation: { streamedResponse: { body, endOfStream } } };
        t.same(
          read(encodeBodyChunk(phase, { body, endOfStream })),
          expected({ [field]: { response } }),
        );
      }
    }
  });
}

t.test("encodeBodyReply() takes a body of 16 MiB and does not keep it", async (t) => {
  const body = Buffer.alloc(16 * 1024 * 1024, 3);
  const bytes = encodeBodyReply("request-body", { body });
  body.fill(0);
  const { requestBody } = ProcessingResponse.decode(bytes);
  const sent = requestBody?.response?.bodyMutation?.body ?? Buffer.alloc(0);
  t.ok(Buffer.from(sent).equals(Buffer.alloc(16 * 1024 * 1024, 3)));
});

for (const { phase, field } of trailersPhases) {
  t.test(`encodeTrailersReply() says what it is given for ${phase}`, async (t) => {
    t.equal(encodeTrailersReply(phase), continueReplies[phase]);
    const changes = { set: [["x-a", "1"]], remove: ["x-b"] } as const;
    t.same(read(encodeTrailersReply(phase, changes)), expected({ [field]: mutationOf(changes) }));
  });
}

t.test("encodeBodyReply() picks a way together with everything else", async (t) => {
  const changes = { set: [["content-length", "2"]], remove: ["x-a"] } as const;
  const bytes = encodeBodyReply("request-body", {
    ...changes,
    body: Buffer.from("{}"),
    way: { pick: "p1" },
  });
  const response = {
    ...mutationOf(changes),
    bodyMutation: { body: Buffer.from("{}") },
    clearRouteCache: true,
  };
  const clrk = { structValue: { fields: { pick: { stringValue: "p1" } } } };
  t.same(
    read(bytes),
    expected({ requestBody: { response }, dynamicMetadata: { fields: { clrk } } }),
  );
});

t.test(
  "encodeBodyReply() changes some header wherever it picks a way, or Envoy ignores it",
  async (t) => {
    const { requestBody } = ProcessingResponse.decode(
      encodeBodyReply("request-body", { way: { pick: "none" } }),
    );
    t.equal(requestBody?.response?.clearRouteCache, true);
    t.same(requestBody?.response?.headerMutation?.removeHeaders, ["x-clrk-served"]);
    t.equal(requestBody?.response?.bodyMutation, null);
  },
);
