/** Tests of immediate responses: what generated code reads from them is what was asked for. */
import t from "tap";
import { envoy } from "../gateway/proto/gen/extproc.js";
import { encodeImmediateResponse } from "./immediate-response.ts";
import { randomChanges } from "./testdata/random-changes.ts";
import { seededRandom } from "./testdata/random.ts";
import { mutationOf } from "./testdata/reply-oracle.ts";

const { ProcessingResponse } = envoy.service.ext_proc.v3;

t.test("encodeImmediateResponse() says what it is given", async (t) => {
  const random = seededRandom(8);
  for (let round = 0; round < 300; round++) {
    const { set: headers } = randomChanges(random);
    const status = random.pick([200, 403, 413, 429, 500, 503, 504]);
    const body = random.pick(["", "refused", "grüße".repeat(500), random.bytes(300)]);
    const details = random.pick(["", "clrk_denied{no-route}"]);
    const bytes = encodeImmediateResponse({ status, headers, body, details, transactionId: "7" });
    const { headerMutation } = mutationOf({ set: headers, remove: [] });
    const expected = ProcessingResponse.encode({
      immediateResponse: {
        status: { code: status },
        headers: headerMutation ?? null,
        body: Buffer.from(body),
        details,
      },
      dynamicMetadata: {
        fields: { clrk: { structValue: { fields: { id: { stringValue: "7" } } } } },
      },
    }).finish();
    t.same(ProcessingResponse.decode(bytes), ProcessingResponse.decode(expected));
  }
});

t.test("encodeImmediateResponse() has neither metadata nor gRPC status unless asked", async (t) => {
  const plain = { status: 403, headers: [], body: "", details: "clrk_denied" };
  const { immediateResponse, dynamicMetadata } = ProcessingResponse.decode(
    encodeImmediateResponse(plain),
  );
  t.equal(dynamicMetadata, null);
  t.equal(immediateResponse?.grpcStatus, null);
  const grpc = ProcessingResponse.decode(encodeImmediateResponse({ ...plain, grpcStatus: 7 }));
  t.equal(grpc.immediateResponse?.grpcStatus?.status, 7);
});

for (const status of [0, 100, 199, 600, 403.5, Number.NaN]) {
  t.test(`encodeImmediateResponse() refuses status ${status}`, async (t) => {
    t.throws(() => encodeImmediateResponse({ status, headers: [], body: "", details: "" }), {
      name: "RangeError",
      message: `Cannot encode immediate response: status is ${status}, wanted 200 to 599`,
    });
  });
}
