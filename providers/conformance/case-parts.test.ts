import t from "tap";
import {
  assistantSays,
  call,
  difficultText,
  image,
  pdf,
  result,
  text,
  userSays,
} from "./case-parts.ts";
import { chatRequestShape } from "./ir-shape.ts";
import { plainConversation } from "./request-cases.ts";

t.test("parts of cases are of the IR", async (t) => {
  const parts = [text("x"), image, pdf, call("1", "{}"), result("1", [text("x"), image, pdf])];
  const messages = [userSays("x"), assistantSays("y"), { role: "user" as const, parts }];
  t.same(chatRequestShape({ ...plainConversation, messages }, ""), []);
});

t.test("difficultText has what escaping and counting get wrong", async (t) => {
  for (const hard of ['"', "\\", "\n", "\u2028", "\u0001", "ß", "👩‍🚀", "<", "\r\n"]) {
    t.ok(difficultText.includes(hard), `code ${hard.codePointAt(0)}`);
  }
  t.ok(difficultText.isWellFormed());
});
