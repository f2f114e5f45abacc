/** Who decides what is kept of requests: policies of the rule, then the gateway. */
import t from "tap";
import type { EgressGateway } from "../../crds/egress-gateway.ts";
import { capturePlan } from "./capture-plan.ts";
import { indexObjects } from "./object-index.ts";
import { gateway, logging } from "./testdata/objects.ts";

type Spec = Readonly<Record<string, unknown>>;

const both = { captureRequest: true, captureResponse: true };
const neither = { captureRequest: false, captureResponse: false };

function capture(policies: readonly Spec[], otlp?: Spec) {
  const index = indexObjects([
    gateway(otlp === undefined ? {} : { otlp }),
    ...policies.map((spec, position) => logging(`p${position}`, spec)),
  ]);
  const [egress] = index.list("EgressGateway");
  return capturePlan(index.list("LoggingPolicy"), egress ?? notThere());
}

function notThere(): EgressGateway {
  throw new Error("Cannot find the gateway in its index");
}

const byGateway = "EgressGateway default/egress";
const first = "LoggingPolicy default/p0";
const second = "LoggingPolicy default/p1";
const captureBody = { captureBody: {} };

const rows: readonly {
  readonly name: string;
  readonly policies: readonly Spec[];
  readonly otlp?: Spec;
  /** Request, response and why; undefined: nothing is kept */
  readonly want: readonly [boolean, boolean, ...string[]] | undefined;
}[] = [
  { name: "nobody asks", policies: [], want: undefined },
  { name: "the gateway exports records only", policies: [], otlp: {}, want: undefined },
  { name: "a policy only redacts", policies: [{ redactHeaders: ["x-a"] }], want: undefined },
  { name: "a policy says no", policies: [neither], want: undefined },
  {
    name: "a policy asks for both",
    policies: [both],
    want: [true, true, `keeps request and response bodies (${first})`],
  },
  {
    name: "a policy asks for requests",
    policies: [{ captureRequest: true }],
    want: [true, false, `keeps request bodies (${first})`],
  },
  {
    name: "a policy asks for responses",
    policies: [{ captureRequest: false, captureResponse: true }],
    want: [false, true, `keeps response bodies (${first})`],
  },
  {
    name: "the gateway asks",
    policies: [],
    otlp: captureBody,
    want: [true, true, `keeps request and response bodies (${byGateway})`],
  },
  {
    name: "the gateway asks and a policy only redacts",
    policies: [{ redactHeaders: ["x-a"] }],
    otlp: captureBody,
    want: [true, true, `keeps request and response bodies (${byGateway})`],
  },
  {
    name: "the gateway asks and a policy says no",
    policies: [neither],
    otlp: captureBody,
    want: undefined,
  },
  {
    name: "the gateway asks and a policy narrows",
    policies: [{ captureRequest: false }],
    otlp: captureBody,
    want: [false, true, `keeps response bodies (${byGateway})`],
  },
  {
    name: "the gateway and a policy ask",
    policies: [{ captureRequest: true }],
    otlp: captureBody,
    want: [true, true, `keeps request bodies (${first})`, `keeps response bodies (${byGateway})`],
  },
  {
    name: "two policies say the opposite",
    policies: [{ captureRequest: false }, both],
    want: [false, true, `keeps response bodies (${second})`],
  },
  { name: "the first of two policies says no", policies: [neither, both], want: undefined },
];

for (const { name, policies, otlp, want } of rows) {
  t.test(`capturePlan() when ${name}`, async (t) => {
    const found = capture(policies, otlp);
    const { request, response } = found?.plan ?? {};
    t.same(found && [request, response, ...found.why], want);
  });
}

t.test("capturePlan() keeps 64 KiB of JSON and event streams unless told otherwise", async (t) => {
  const plan = {
    request: true,
    response: true,
    maxBytes: 65_536,
    contentTypes: ["application/json", "application/x-ndjson", "text/event-stream"],
    redactHeaders: [],
  };
  t.same(capture([both])?.plan, plan);
  t.same(capture([], captureBody)?.plan, plan);
});

t.test("capturePlan() takes limits from the gateway, whoever asks", async (t) => {
  const limits = { captureBody: { maxBytes: 10, includeContentTypes: ["Text/Plain"] } };
  const want = { maxBytes: 10, contentTypes: ["text/plain"] };
  t.match(capture([], limits)?.plan, want);
  t.match(capture([both], limits)?.plan, want);
});

t.test("capturePlan() redacts the headers that any policy names", async (t) => {
  const policies = [{ redactHeaders: ["X-B", "x-a"] }, { ...both, redactHeaders: ["x-b", "x-c"] }];
  t.same(capture(policies)?.plan.redactHeaders, ["x-a", "x-b", "x-c"]);
});
