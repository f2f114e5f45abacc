import t from "tap";
import { findProviderByName } from "../providers/registry.ts";
import { encodeRefusal } from "./refusal.ts";
import { readReply } from "./testdata/playbook.ts";

const refusal = { status: 403, reason: "deny-policy", message: 'No "way"' } as const;

t.test("encodeRefusal() answers in the shape of the caller's SDK, with the reason", async (t) => {
  const provider = findProviderByName("anthropic");
  const { immediateResponse } = readReply(encodeRefusal(refusal, { provider }));
  t.equal(immediateResponse?.status?.code, 403);
  t.equal(immediateResponse?.details, "clrk_denied{deny-policy}");
  t.match(JSON.parse(Buffer.from(immediateResponse?.body ?? []).toString()), {
    type: "error",
    error: { type: "permission_error", message: 'No "way"' },
  });
  const headers = Object.fromEntries(
    (immediateResponse?.headers?.setHeaders ?? []).map(({ header }) => [
      header?.key ?? "",
      Buffer.from(header?.rawValue ?? []).toString(),
    ]),
  );
  t.match(headers, { "content-type": "application/json", "x-clrk-deny-reason": "deny-policy" });
});

t.test("encodeRefusal() names the transaction where it has a record of its own", async (t) => {
  const named = readReply(encodeRefusal(refusal, { provider: undefined, transactionId: "tx1" }));
  t.match(JSON.stringify(named.dynamicMetadata), /tx1/);
  t.equal(readReply(encodeRefusal(refusal, { provider: undefined })).dynamicMetadata, null);
});
