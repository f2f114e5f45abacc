import t from "tap";
import { SecretValue } from "../gateway/secret-value.ts";
import { createValueRedactor } from "../gateway/value-redactor.ts";
import { WordRedactor } from "./word-redactor.ts";

const injected = "value-of-the-gateway-1234";

function words() {
  return new WordRedactor(createValueRedactor([new SecretValue(injected)]));
}

t.test("redact() leaves names as they are, however often they come", async (t) => {
  const redactor = words();
  for (let count = 0; count < 3; count++) t.equal(redactor.redact("gpt-4.1"), "gpt-4.1");
  t.equal(redactor.redact(null), null);
});

const secrets = [
  { name: "an injected value", text: injected, shown: "[redacted]" },
  { name: "one inside of a name", text: `model/${injected}`, shown: "model/[redacted]" },
  {
    name: "one in base64url",
    text: Buffer.from(injected).toString("base64url"),
    shown: "[redacted]",
  },
  { name: "a key of an agent", text: "sk-proj-0123456789ABCDEFGHIJ", shown: "[redacted]" },
];

for (const { name, text, shown } of secrets) {
  t.test(`redact() removes ${name}, also the second time`, async (t) => {
    const redactor = words();
    t.equal(redactor.redact(text), shown);
    t.equal(redactor.redact(text), shown);
    t.equal(redactor.redactOnce(text), shown);
  });
}

t.test("redact() looks at everything however many words there were", async (t) => {
  const redactor = words();
  for (let count = 0; count < 10_000; count++) {
    const word = `model-${count}`;
    if (redactor.redact(word) !== word) t.fail(word);
  }
  t.equal(redactor.redact(injected), "[redacted]");
});
