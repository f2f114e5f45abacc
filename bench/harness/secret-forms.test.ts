import t from "tap";
import { formsOf } from "./secret-forms.ts";

const secret = "s3cret/value+of a kind";

t.test("formsOf() finds a secret in every form, at every offset in base64", async (test) => {
  const texts = [
    `before ${secret} after`,
    `?key=${encodeURIComponent(secret)}&x`,
    Buffer.from(secret).toString("hex"),
    ...["", "u:", "ab:", "abc:"].map((user) =>
      Buffer.from(`${user}${secret} and more`).toString("base64"),
    ),
  ];
  for (const text of texts)
    test.ok(
      formsOf(secret).some((form) => text.includes(form)),
      text,
    );
});

t.test("formsOf() does not find it in other texts, however short it is", async (test) => {
  const other = Buffer.from("another value altogether").toString("base64");
  for (const value of [secret, "ab"]) {
    test.notOk(formsOf(value).some((form) => other.includes(form)));
  }
});
