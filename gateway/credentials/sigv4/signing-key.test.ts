/** Derived keys: published signatures, one derivation a day, nothing to see inside. */
import { inspect } from "node:util";
import t from "tap";
import { SecretValue } from "../../secret-value.ts";
import { SigningKey } from "./signing-key.ts";
import { readVectors, vectorsMissing } from "./testdata/vectors.ts";

const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

function key(overrides: { region?: string; service?: string } = {}): SigningKey {
  return new SigningKey({
    secretAccessKey: new SecretValue(secret),
    region: "us-east-1",
    service: "iam",
    ...overrides,
  });
}

t.test("sign() agrees with the published suite", { skip: vectorsMissing }, (t) => {
  for (const vector of readVectors()) {
    const { region, service, header, query } = vector;
    const secretAccessKey = new SecretValue(vector.secretAccessKey);
    const subject = new SigningKey({ secretAccessKey, region, service });
    t.equal(subject.sign("20150830", header.stringToSign), header.signature, vector.name);
    t.equal(subject.sign("20150830", query.stringToSign), query.signature, vector.name);
  }
  t.end();
});

t.test("sign() depends on day, region and service, and comes back to the same", async (t) => {
  const subject = key();
  const first = subject.sign("20150830", "text");
  t.not(subject.sign("20150831", "text"), first);
  t.equal(subject.sign("20150830", "text"), first);
  t.not(key({ region: "us-east-2" }).sign("20150830", "text"), first);
  t.not(key({ service: "s3" }).sign("20150830", "text"), first);
});

t.test("sign() reads the secret once a day", async (t) => {
  let reads = 0;
  class Counted extends SecretValue {
    override reveal(): string {
      reads++;
      return super.reveal();
    }
  }
  const secretAccessKey = new Counted(secret);
  const subject = new SigningKey({ secretAccessKey, region: "a", service: "b" });
  for (const day of ["20150830", "20150830", "20150831", "20150831"]) subject.sign(day, "text");
  t.equal(reads, 2);
});

t.test("scope() names day, region and service", async (t) => {
  t.equal(key().scope("20150830"), "20150830/us-east-1/iam/aws4_request");
});

t.test("SigningKey shows nothing when it is printed", async (t) => {
  const subject = key();
  subject.sign("20150830", "text");
  const shown = inspect(subject, { showHidden: true, depth: 9 }) + JSON.stringify(subject);
  t.notMatch(shown, /wJalr/);
});
