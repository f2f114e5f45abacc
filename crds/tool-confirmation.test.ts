/** Who is asked before a tool is called, and for how long. */
import t from "tap";
import { parseSchema } from "./parse-schema.ts";
import { toolConfirmation } from "./tool-confirmation.ts";

const webhook = (url: string) => ({ url, signingSecretRef: { name: "s" } });

function parse(value: object): unknown {
  const result = parseSchema(toolConfirmation, value);
  if (result.kind === "valid") return result.value;
  return result.problems.map(({ message }) => message).join("; ");
}

t.test("a confirmation has two minutes, and the key of its secret, unless told", async (test) => {
  test.same(parse({}), { timeout: "2m0s" });
  test.same(parse({ timeout: "10m", webhook: webhook("https://ask.example/x/") }), {
    timeout: "10m0s",
    webhook: {
      url: "https://ask.example/x",
      signingSecretRef: { group: "", kind: "Secret", name: "s" },
      signingSecretKey: "token",
    },
  });
});

t.test("a webhook is asked by TLS, or on this machine", async (test) => {
  for (const url of [
    "http://127.0.0.1:1/",
    "http://127.8.8.8",
    "http://[::1]:2/a",
    "http://localhost/",
  ]) {
    test.type(parse({ webhook: webhook(url) }), "object", url);
  }
  for (const url of [
    "http://10.0.0.1/",
    "http://example.com/",
    "http://127.example.com/",
    "http://[::2]/",
  ]) {
    test.match(parse({ webhook: webhook(url) }), /http leaves this machine/, url);
  }
  test.match(parse({ webhook: webhook("https://u:p@ask.example") }), /must not hold credentials/);
  test.match(parse({ webhook: { url: "https://a.example" } }), /signingSecretRef: not set/);
});

t.test("a call waits ten minutes at most", async (test) => {
  test.match(parse({ timeout: "10m1s" }), /longer than a call can wait/);
  test.match(parse({ timeout: "0s" }), /more than 0/);
});
