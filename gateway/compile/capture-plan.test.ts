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

const json = ["application/json", "application/x-ndjson", "text/event-stream"];

t.test("capturePlan() keeps 64 KiB of JSON and event streams unless told otherwise", async (t) => {
  const body = { maxBytes: 65_536, contentTypes: json };
  const plan = {
    request: true,
    response: true,
    requestBody: body,
    responseBody: body,
    sample: 1,
    keepsErrors: true,
    redactHeaders: [],
    redactQuery: [],
    redactBody: { jsonPaths: [], shapes: [], patterns: [] },
  };
  t.same(capture([both])?.plan, plan);
  t.same(capture([], captureBody)?.plan, plan);
});

t.test("capturePlan() takes limits from the gateway, unless a policy says others", async (t) => {
  const limits = { captureBody: { maxBytes: 10, includeContentTypes: ["Text/Plain"] } };
  const general = { maxBytes: 10, contentTypes: ["text/plain"] };
  t.match(capture([], limits)?.plan, { requestBody: general, responseBody: general });
  t.match(capture([both], limits)?.plan, { requestBody: general, responseBody: general });
  const policies = [
    { ...both, request: { maxBytes: 0 } },
    { request: { maxBytes: 7, contentTypes: ["text/html"] }, response: { maxBytes: 20 } },
  ];
  t.match(capture(policies, limits)?.plan, {
    requestBody: { maxBytes: 0, contentTypes: ["text/html"] },
    responseBody: { maxBytes: 20, contentTypes: ["text/plain"] },
  });
});

t.test("capturePlan() keeps no more than what expressions are searched in", async (t) => {
  const otlp = { captureBody: { maxBytes: 1_000_000 } };
  const plan = capture([{ redactPatterns: ["a+"] }], otlp)?.plan;
  t.match(plan, { requestBody: { maxBytes: 65_536 }, responseBody: { maxBytes: 65_536 } });
});

t.test("capturePlan() samples as the first policy says that samples", async (t) => {
  t.match(capture([both, { sample: "2.5%", keepErrors: false }, { sample: "9%" }])?.plan, {
    sample: 0.025,
    keepsErrors: false,
  });
});

t.test("capturePlan() takes out what any policy names", async (t) => {
  const policies = [
    {
      redactHeaders: ["X-B", "x-a"],
      redactQuery: ["User"],
      redactShapes: ["Email"],
      redactJsonPaths: ["$.a"],
    },
    {
      ...both,
      redactHeaders: ["x-b", "x-c"],
      redactShapes: ["IBAN", "Email"],
      redactPatterns: ["x+"],
    },
  ];
  t.match(capture(policies)?.plan, {
    redactHeaders: ["x-a", "x-b", "x-c"],
    redactQuery: ["user"],
    redactBody: { jsonPaths: ["$.a"], shapes: ["Email", "IBAN"], patterns: ["x+"] },
  });
});
