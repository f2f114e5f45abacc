/** Followers of events: told from when they came until they went. */
import t from "tap";
import type { ControlEvent } from "./control-api.ts";
import { ControlFollowers } from "./control-followers.ts";
import { httpRecord } from "./testdata/egress-record.ts";

function recordOf(uid: string): ControlEvent {
  const record = httpRecord();
  return { kind: "record", record: { ...record, agent: record.agent && { ...record.agent, uid } } };
}

t.test("add() tells everything until it is ended", async (t) => {
  const followers = new ControlFollowers();
  t.notOk(followers.wantRecords);
  const told: string[] = [];
  const end = followers.add((event) => {
    told.push(event.kind);
    end();
  });
  t.ok(followers.wantRecords);
  followers.emit(recordOf("a"));
  followers.emit(recordOf("a"));
  t.same(told, ["record"]);
  t.notOk(followers.wantRecords);
});

t.test("addToRun() tells the records of one run", async (t) => {
  const followers = new ControlFollowers();
  const told: unknown[] = [];
  const end = followers.addToRun(
    "run-1",
    ({ agent }) => told.push(agent?.uid),
    () => told.push("end"),
  );
  followers.emit(recordOf("run-2"));
  followers.emit(recordOf("run-1"));
  followers.emit({ kind: "problems", revision: 1, problems: [] });
  end();
  followers.emit(recordOf("run-1"));
  t.same(told, ["run-1", "end"]);
});

t.test("addWithoutRecords() tells all else, and asks for no records", async (t) => {
  const followers = new ControlFollowers();
  const told: string[] = [];
  const end = followers.addWithoutRecords(({ kind }) => told.push(kind));
  t.notOk(followers.wantRecords);
  followers.emit(recordOf("a"));
  followers.emit({ kind: "stopping", inFlight: 0 });
  end();
  followers.emit({ kind: "stopping", inFlight: 0 });
  t.same(told, ["stopping"]);
});
