/** Tests routes that answer a refusal themselves, and the escape of Envoy's format commands. */
import t from "tap";
import { findProviderByName } from "../../providers/registry.ts";
import { createDenial } from "../denial.ts";
import { denialFormat, denialRoute, escapeFormat, overwriteHeader } from "./denial-route.ts";

const facts = {
  name: "deny/deny-policy/R/n/r/0",
  match: { prefix: "/" },
  provider: findProviderByName("bedrock"),
  status: 403,
  reason: "deny-policy",
} as const;

function headersOf({ responseHeadersToAdd }: ReturnType<typeof denialRoute>) {
  return responseHeadersToAdd?.map(({ header }) => [header?.key, header?.value]);
}

t.test("denialRoute() answers by itself, with the message as it is", async (t) => {
  const route = denialRoute({ ...facts, message: 'Not "this" %REQ(cookie)%' });
  t.equal(route.name, facts.name);
  t.equal(route.match, facts.match);
  t.same(route.directResponse, {
    status: 403,
    body: { inlineString: '{"message":"Not \\"this\\" %REQ(cookie)%"}\n' },
  });
  t.same(headersOf(route), [
    ["x-clrk-deny-reason", "deny-policy"],
    ["x-amzn-errortype", "AccessDeniedException"],
    ["content-type", "application/json"],
  ]);
});

t.test("denialRoute() of a format lets Envoy fill it in", async (t) => {
  const route = denialRoute({ ...facts, message: "No rule for %REQ(:AUTHORITY)%", isFormat: true });
  t.same(route.directResponse, {
    status: 403,
    bodyFormat: {
      jsonFormat: { fields: { message: { stringValue: "No rule for %REQ(:AUTHORITY)%" } } },
      contentType: "application/json",
    },
  });
  t.notOk(headersOf(route)?.some(([name]) => name === "content-type"));
});

t.test("overwriteHeader() replaces and never adds a second", async (t) => {
  t.same(overwriteHeader("x-a", "b"), { header: { key: "x-a", value: "b" }, appendAction: 2 });
});

t.test("denialFormat() is JSON with its content type", async (t) => {
  const facts = { status: 503, reason: "unreachable", message: "Cannot reach it" } as const;
  const { jsonFormat, contentType } = denialFormat(createDenial(undefined, facts));
  t.equal(contentType, "application/json");
  t.same(Object.keys(jsonFormat?.fields ?? {}), ["error", "message"]);
});

const texts: readonly { readonly text: string; readonly want: string }[] = [
  { text: "", want: "" },
  { text: "plain", want: "plain" },
  { text: "100%", want: "100%%" },
  { text: "%REQ(authorization)%", want: "%%REQ(authorization)%%" },
  { text: "%%", want: "%%%%" },
];

for (const { text, want } of texts) {
  t.test(`escapeFormat() of "${text}"`, async (t) => {
    t.equal(escapeFormat(text), want);
  });
}
