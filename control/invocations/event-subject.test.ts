import t from "tap";
import { eventSubject } from "./event-subject.ts";

t.test("eventSubject() names namespace, kind, agent and id", async (t) => {
  const agent = { kind: "TaskAgent", namespace: "team-a", name: "writer", uid: "" };
  t.equal(eventSubject({ agent, id: "i-1" }), "clrk.invocations.team-a.TaskAgent.writer.i-1");
});

t.test("eventSubject() keeps what steers NATS out of tokens", async (t) => {
  const agent = { kind: "TaskAgent", namespace: "a.b", name: "*>\u{1f600} x", uid: "" };
  t.equal(eventSubject({ agent, id: "" }), "clrk.invocations.a_b.TaskAgent.____x._");
});
