/** Tests routes that answer a refusal themselves, and the escape of Envoy's format commands. */
import t from "tap";
import { findProviderByName } from "../../providers/registry.ts";
import { createDenial } from "../denial.ts";
import { denialFormat, denialRoute, escapeFormat } from "./denial-route.ts";

t.test("denialRoute() answers by itself, with the reason in a header", async (t) => {
  const route = denialRoute({
    name: "deny/no-rule",
    match: { prefix: "/" },
    provider: findProviderByName("bedrock"),
    status: 403,
    reason: "no-rule",
    message: "No rule for %REQ(:AUTHORITY)%",
  });
  t.same(route, {
    name: "deny/no-rule",
    match: { prefix: "/" },
    directResponse: {
      status: 403,
      bodyFormat: {
        jsonFormat: { fields: { message: { stringValue: "No rule for %REQ(:AUTHORITY)%" } } },
        contentType: "application/json",
      },
    },
    responseHeadersToAdd: [
      { header: { key: "x-clrk-deny-reason", value: "no-rule" } },
      { header: { key: "x-amzn-errortype", value: "AccessDeniedException" } },
    ],
  });
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
