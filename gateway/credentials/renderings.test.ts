/** What a secret is turned into, and what secrets a sent value holds. */
import t from "tap";
import { renderingList, renderings, secretParts } from "./renderings.ts";

function texts(secret: string): string[] {
  return renderings(secret).map((bytes) => bytes.toString("latin1"));
}

t.test(
  "renderings() holds the digits of Base64 that the secret decides, wherever it stands",
  async (t) => {
    const secret = "secret-12345";
    const forms = texts(secret);
    for (let before = 0; before < 9; before++) {
      for (let after = 0; after < 9; after++) {
        const whole = Buffer.from("<".repeat(before) + secret + ">".repeat(after)).toString(
          "base64",
        );
        t.ok(
          forms.some((form) => form.length >= 14 && whole.includes(form)),
          whole,
        );
      }
    }
  },
);

t.test("renderings() has both alphabets of Base64", async (t) => {
  const forms = texts("\u00ff\u00fe>>>???\u00ff");
  t.ok(forms.some((form) => form.includes("Pj4+Pz8/")));
  t.ok(forms.some((form) => form.includes("Pj4-Pz8_")));
});

t.test("renderings() has hexadecimal", async (t) => {
  t.ok(texts("jklmnopq").includes("6a6b6c6d6e6f7071"));
});

t.test("renderings() has what JSON makes of quotes, backslashes and other letters", async (t) => {
  const forms = texts('a"\\é€ ');
  t.ok(forms.includes(Buffer.from('a\\"\\\\é€ ').toString("latin1")));
  t.ok(forms.includes(Buffer.from('a\\\\\\"\\\\\\\\é€ ').toString("latin1")));
  t.ok(forms.includes('a\\"\\\\\\u00e9\\u20ac '));
  t.ok(texts("clé").includes("cl\xe9"), "as Latin-1");
});

t.test("renderings() lists nothing twice and nothing empty", async (t) => {
  for (const secret of ["", "a", "abcdefgh", "0000000000000000"]) {
    const forms = texts(secret);
    t.equal(new Set(forms).size, forms.length);
    t.notOk(forms.includes(""));
  }
});

t.test("renderings() of a short secret have no single digits of Base64", async (t) => {
  t.same(texts("abc"), ["abc", "616263", "YWJj"]);
});

const values: ReadonlyArray<{ value: string; parts: readonly string[] }> = [
  { value: "", parts: [] },
  { value: "token", parts: ["token"] },
  { value: " token-123456 ", parts: [" token-123456 ", "token-123456"] },
  { value: "Bearer sk-123456789", parts: ["Bearer sk-123456789", "sk-123456789"] },
  { value: "Bearer abc", parts: ["Bearer abc"] },
  {
    value: "Basic YWRtaW46aHVudGVy",
    parts: ["Basic YWRtaW46aHVudGVy", "YWRtaW46aHVudGVy", "admin:hunter", "hunter"],
  },
  {
    value: "basic c2stMTIzNDU2Nzg5Og==",
    parts: ["basic c2stMTIzNDU2Nzg5Og==", "c2stMTIzNDU2Nzg5Og==", "sk-123456789:", "sk-123456789"],
  },
  { value: "Basic no-colon-here", parts: ["Basic no-colon-here", "no-colon-here"] },
];

for (const { value, parts } of values) {
  t.test(`secretParts() finds what is secret in ${JSON.stringify(value)}`, async (t) => {
    t.same(secretParts(value), parts);
  });
}

t.test("renderingList() has renderings of two texts of one shape at the same places", async (t) => {
  const lists = ['aB3"d/e+f1', 'xY9"z/w+v0'].map(renderingList);
  const [first = [], second = []] = lists;
  t.equal(first.length, second.length);
  for (const [index, { text, form }] of first.entries()) {
    t.equal(second[index]?.form, form);
    t.equal(second[index]?.text.length, text.length, text);
  }
  t.same(new Set(first.map(({ form }) => form)), new Set(["text", "hex", "base64"]));
});
