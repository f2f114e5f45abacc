/** Tests how response code details tell of the engine. */
import t from "tap";
import {
  engineFailureDetails,
  findEngineFailure,
  tryParseEngineRefusal,
} from "./engine-failure.ts";

for (const beginning of engineFailureDetails) {
  t.test(`findEngineFailure() knows ${beginning}`, async (t) => {
    const details = `${beginning}_and_more`;
    t.equal(findEngineFailure(details, { isForwarded: false })?.reason, "engine-unavailable");
    t.equal(findEngineFailure(details, { isForwarded: true })?.reason, "engine-failed");
  });
}

t.test("findEngineFailure() says two different things", async (t) => {
  const [before, after] = [false, true].map((isForwarded) =>
    findEngineFailure("ext_proc_error", { isForwarded }),
  );
  t.equal(before?.message, "the gateway's engine, which this request has to pass, did not answer");
  t.equal(
    after?.message,
    "the gateway's engine failed when an upstream had been dialled: the request may have arrived there, and its answer is missing or cut",
  );
});

const others = [
  "",
  "via_upstream",
  "direct_response",
  "route_not_found",
  "downstream_remote_disconnect",
  "upstream_reset_before_response_started{remote_reset}",
  "clrk_denied{engine-failed}",
  "an_ext_proc_error",
  "header_mutation",
];

for (const details of others) {
  t.test(`findEngineFailure() takes "${details}" for none`, async (t) => {
    t.equal(findEngineFailure(details, { isForwarded: false }), undefined);
  });
}

t.test("tryParseEngineRefusal() gives the reason", async (t) => {
  t.equal(tryParseEngineRefusal("clrk_denied{body-malformed}"), "body-malformed");
});

const rejected = [
  "",
  "clrk_denied",
  "clrk_denied{}",
  "clrk_denied{Reason}",
  "clrk_denied{a b}",
  "clrk_denied{a}x",
  "xclrk_denied{a}",
  `clrk_denied{${"a".repeat(65)}}`,
  "ext_proc_error{a}",
];

for (const details of rejected) {
  t.test(`tryParseEngineRefusal() rejects "${details.slice(0, 30)}"`, async (t) => {
    t.equal(tryParseEngineRefusal(details), undefined);
  });
}
