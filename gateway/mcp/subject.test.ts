import t from "tap";
import { readTopLevel } from "../../providers/json-splice-members.ts";
import { readSubjects } from "./subject.ts";

function subjectsOf(method: string, params: string) {
  const body = Buffer.from(params);
  const read = readTopLevel(body);
  if (read.kind === "malformed") throw new Error(read.reason);
  return readSubjects(method, body, read.members);
}

t.test("readSubjects() reads one name by the member that the method has", async (test) => {
  test.same(subjectsOf("tools/call", '{"name":"a","uri":"b"}'), {
    kind: "ok",
    subjects: [{ kind: "tool", name: "a" }],
  });
  test.same(subjectsOf("resources/read", '{"name":"a","uri":"b"}'), {
    kind: "ok",
    subjects: [{ kind: "resource", name: "b" }],
  });
  test.same(subjectsOf("tools/list", '{"name":"a"}'), { kind: "ok", subjects: [] });
});

t.test("readSubjects() takes no more subscriptions than are judged", async (test) => {
  const uris = (count: number) => JSON.stringify(Array.from({ length: count }, () => "u"));
  const of = (count: number) =>
    subjectsOf(
      "subscriptions/listen",
      `{"notifications":{"resourceSubscriptions":${uris(count)}}}`,
    );
  test.match(of(256), { kind: "ok" });
  test.match(of(257), { kind: "malformed" });
  test.match(subjectsOf("subscriptions/listen", "{}"), { kind: "malformed" });
});
