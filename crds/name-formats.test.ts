/** Names of objects, labels and keys. */
import t from "tap";
import {
  cloudNameFormat,
  dnsLabelFormat,
  dnsSubdomainFormat,
  kindFormat,
  labelKeyFormat,
  labelValueFormat,
  openNameFormat,
  secretKeyFormat,
} from "./name-formats.ts";
import { testReads, testRefused } from "./testdata/format-cases.ts";

const long63 = "a".repeat(63);
const long64 = "a".repeat(64);

testReads(dnsLabelFormat, ["a", "a-b", "1", "0a", long63]);
testRefused(dnsLabelFormat, ["", "A", "a.b", "-a", "a-", "a_b", "a b", "é", long64, "a\n", "a/b"]);

testReads(dnsSubdomainFormat, ["a", "a.b", "a-1.b-2", "1.2.3.4", long64, "a".repeat(253)]);
testRefused(dnsSubdomainFormat, [
  "",
  "A",
  ".a",
  "a.",
  "a..b",
  "a.-b",
  "a-.b",
  "a_b",
  "a/b",
  "../a",
  "a\n",
]);
testRefused(dnsSubdomainFormat, [["a".repeat(254), "254 characters"]]);

testReads(labelKeyFormat, [
  "a",
  "A_b.c-d",
  "example.com/a",
  "clrk.apoxy.dev/agent",
  long63,
  `a/${long63}`,
]);
testRefused(labelKeyFormat, [
  ["", 'not 1 to 63 letters, digits and inner "-", "_", "."'],
  ["-a", 'not 1 to 63 letters, digits and inner "-", "_", "."'],
  ["a b", 'not 1 to 63 letters, digits and inner "-", "_", "."'],
  ["a/", 'not 1 to 63 letters, digits and inner "-", "_", "."'],
  ["a/b/c", 'not 1 to 63 letters, digits and inner "-", "_", "."'],
  [long64, 'not 1 to 63 letters, digits and inner "-", "_", "."'],
  ["__proto__", 'not 1 to 63 letters, digits and inner "-", "_", "."'],
  ["/a", 'what precedes "/" is no DNS name'],
  ["A/b", 'what precedes "/" is no DNS name'],
  ["a_b/c", 'what precedes "/" is no DNS name'],
]);

testReads(labelValueFormat, ["", "a", "A_b.c-d", "1", long63]);
testRefused(labelValueFormat, [
  ["-a", 'not at most 63 letters, digits and inner "-", "_", "."'],
  ["a b", 'not at most 63 letters, digits and inner "-", "_", "."'],
  [long64, 'not at most 63 letters, digits and inner "-", "_", "."'],
]);

testReads(secretKeyFormat, ["token", "api-key", "tls.crt", "A_1", "."]);
testRefused(secretKeyFormat, ["", "a b", "a/b", "a:b", "é", ["a".repeat(254), "254 characters"]]);

testReads(kindFormat, ["RateLimitPolicy", "A", "X509"]);
testRefused(kindFormat, ["", "rateLimitPolicy", "A-B", "A.B", "1A"]);

testReads(openNameFormat, ["openai", "azure-openai", "A_1", "a/b", "a.b"]);
testRefused(openNameFormat, ["", " a", "a ", "a b", "-a", "a-", "é", "a\n"]);

testReads(cloudNameFormat, ["eu-central-1", "bedrock", "1"]);
testRefused(cloudNameFormat, ["", "EU", "eu_1", "-eu", "eu-", "eu.1", "a/b"]);

t.test("the formats that say so have a pattern that agrees with them", (t) => {
  for (const format of [
    dnsLabelFormat,
    dnsSubdomainFormat,
    secretKeyFormat,
    kindFormat,
    openNameFormat,
    cloudNameFormat,
  ]) {
    const pattern = new RegExp(format.pattern ?? "$^");
    for (const text of ["a", "A", "a.b", "a-", "", "a b", "1"]) {
      t.equal(pattern.test(text), format.read(text).kind === "valid", `${format.name} ${text}`);
    }
  }
  t.end();
});
