/** Unit tests of the empty answers. */
import t from "tap";
import { envoy } from "../../gateway/proto/gen/extproc.js";
import { continueWith } from "./ext-proc-grpc-js.ts";

const { ProcessingRequest } = envoy.service.ext_proc.v3;

t.test("continueWith() answers each phase with the same phase and nothing in it", async (t) => {
  for (const phase of [
    "requestHeaders",
    "requestBody",
    "responseHeaders",
    "responseBody",
  ] as const) {
    const bytes = ProcessingRequest.encode({ [phase]: {} }).finish();
    t.same(continueWith(ProcessingRequest.decode(bytes)), { [phase]: {} });
  }
  for (const message of [{}, { requestTrailers: {} }]) {
    const bytes = ProcessingRequest.encode(message).finish();
    t.equal(continueWith(ProcessingRequest.decode(bytes)), undefined);
  }
});
