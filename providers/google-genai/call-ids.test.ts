import t from "tap";
import { CallIds, answeredCallId } from "./call-ids.ts";

t.test("idOfCall() keeps ids and makes up others of their place", async (t) => {
  const ids = new CallIds();
  ids.beginTurn(1);
  t.equal(ids.idOfCall("f", null), "call_1_0");
  t.equal(ids.idOfCall("f", "own"), "own");
  t.equal(ids.idOfCall("g", null), "call_1_2");
  ids.beginTurn(3);
  t.equal(ids.idOfCall("f", null), "call_3_0");
});

t.test("idOfResponse() finds parallel calls by name and order", async (t) => {
  const ids = new CallIds();
  ids.beginTurn(1);
  ids.idOfCall("f", null);
  ids.idOfCall("g", null);
  ids.idOfCall("f", null);
  t.equal(ids.idOfResponse("g", null, "2_0"), "call_1_1");
  t.equal(ids.idOfResponse("f", null, "2_1"), "call_1_0");
  t.equal(ids.idOfResponse("f", null, "2_2"), "call_1_2");
});

t.test("idOfResponse() finds calls by their own id in any order", async (t) => {
  const ids = new CallIds();
  ids.idOfCall("f", "a");
  ids.idOfCall("f", "b");
  t.equal(ids.idOfResponse("f", "b", "2_0"), "b");
  t.equal(ids.idOfResponse("f", null, "2_1"), "a");
});

t.test("idOfResponse() finds a call by name when its id is none of the calls'", async (t) => {
  const ids = new CallIds();
  ids.idOfCall("f", null);
  t.equal(ids.idOfResponse("f", "client-made", "2_0"), "call_0_0");
});

t.test("idOfResponse() gives the same id again to a call that was answered twice", async (t) => {
  const ids = new CallIds();
  ids.idOfCall("f", "a");
  t.equal(ids.idOfResponse("f", "a", "2_0"), "a");
  t.equal(ids.idOfResponse("f", "a", "2_1"), "a");
});

t.test("idOfResponse() keeps or makes up the id of a response to no call", async (t) => {
  const ids = new CallIds();
  t.equal(ids.idOfResponse("f", "own", "0_0"), "own");
  t.equal(ids.idOfResponse("f", null, "0_1"), "call_0_1");
});

t.test("idOfResponse() takes the calls of an earlier turn first", async (t) => {
  const ids = new CallIds();
  ids.beginTurn(1);
  ids.idOfCall("f", null);
  ids.idOfResponse("f", null, "2_0");
  ids.beginTurn(3);
  ids.idOfCall("f", null);
  t.equal(ids.idOfResponse("f", null, "4_0"), "call_3_0");
});

t.test("answeredCallId() differs by answer and by call", async (t) => {
  t.equal(answeredCallId("mAit-aLm_k", 0), "call_mAitaLmk_0");
  t.equal(answeredCallId("mAit-aLm_k", 1), "call_mAitaLmk_1");
  t.equal(answeredCallId("", 2), "call_2");
  t.equal(answeredCallId("é", 0), "call_0");
  t.equal(answeredCallId("x".repeat(500), 0).length, 47);
});
