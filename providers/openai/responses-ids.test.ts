import t from "tap";
import { createAnswerIds, itemId } from "./responses-ids.ts";

const rows: readonly { name: string; upstream: string; response: string; suffix: string }[] = [
  { name: "one of its own form", upstream: "resp_ab1", response: "resp_ab1", suffix: "ab1" },
  { name: "one of Anthropic", upstream: "msg_01Ab", response: "resp_msg01Ab", suffix: "msg01Ab" },
  {
    name: "one of chat",
    upstream: "chatcmpl-9x",
    response: "resp_chatcmpl9x",
    suffix: "chatcmpl9x",
  },
  { name: "none", upstream: "", response: "resp_0", suffix: "0" },
  { name: "one without letters", upstream: "é-/", response: "resp_0", suffix: "0" },
  { name: "a broken one", upstream: 'resp_a"b', response: "resp_ab", suffix: "ab" },
  { name: "its own with a dash", upstream: "resp_a-b", response: "resp_a-b", suffix: "ab" },
];

for (const { name, upstream, response, suffix } of rows) {
  t.test(`createAnswerIds() makes ids of ${name}`, async (t) => {
    t.same(createAnswerIds(upstream), { response, suffix });
  });
}

t.test("createAnswerIds() keeps ids short", async (t) => {
  const { response, suffix } = createAnswerIds("x".repeat(1_000));
  t.equal(response, `resp_${"x".repeat(48)}`);
  t.equal(suffix.length, 48);
  t.equal(createAnswerIds(`resp_${"y".repeat(65)}`).response, `resp_${"y".repeat(48)}`);
  t.equal(createAnswerIds(`resp_${"y".repeat(64)}`).response, `resp_${"y".repeat(64)}`);
});

t.test("itemId() begins with the sort and tells items of all answers apart", async (t) => {
  const ids = createAnswerIds("resp_1");
  t.equal(itemId(ids, "msg", 0), "msg_10000");
  t.equal(itemId(ids, "fc", 17), "fc_10011");
  t.not(itemId(createAnswerIds("resp_1"), "rs", 0x11), itemId(createAnswerIds("resp_11"), "rs", 1));
});
