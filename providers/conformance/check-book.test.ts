import t from "tap";
import { CheckBook } from "./check-book.ts";

t.test("findings() has a sentence for each clause, with subject and case", async (t) => {
  const book = new CheckBook("acme-chat");
  book.check("fine", () => undefined);
  book.check("also fine", () => []);
  book.check("one", () => "it is lost");
  book.check("two", () => ["a is missing", "b is missing"]);
  t.same(book.findings(), {
    subject: "acme-chat",
    checks: 4,
    problems: [
      "acme-chat: one: it is lost",
      "acme-chat: two: a is missing",
      "acme-chat: two: b is missing",
    ],
  });
});

t.test("check() takes a throw for a finding and goes on", async (t) => {
  const book = new CheckBook("x");
  book.check("one", () => {
    throw new Error("No");
  });
  book.check("two", () => {
    throw "text";
  });
  t.same(book.findings().problems, ["x: one: it throws: No", "x: two: it throws: text"]);
});
