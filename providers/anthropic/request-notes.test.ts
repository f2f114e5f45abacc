import t from "tap";
import { RequestNotes } from "./request-notes.ts";

t.test("fail() keeps the first reason", async (t) => {
  const notes = new RequestNotes();
  t.equal(notes.reason, null);
  notes.fail("a is no b");
  notes.fail("c is no d");
  t.equal(notes.reason, "a is no b");
});

t.test("miss() keeps every use in order", async (t) => {
  const notes = new RequestNotes();
  notes.miss("audio", "a");
  notes.miss("audio", "a");
  t.strictSame(notes.unexpressed, [
    { feature: "audio", at: "a" },
    { feature: "audio", at: "a" },
  ]);
});

t.test("text(), name() and object() give what is there and note what is not", async (t) => {
  const notes = new RequestNotes();
  const object = { text: "a", empty: "", object: { b: 1 } };
  t.equal(notes.text(object, "text", "o"), "a");
  t.equal(notes.text(object, "empty", "o"), "");
  t.equal(notes.name(object, "text", "o"), "a");
  t.strictSame(notes.object(object, "object", "o"), { b: 1 });
  t.equal(notes.reason, null);
  t.strictSame(notes.object(object, "text", "o"), {});
  t.equal(notes.reason, "o.text is not an object");
});

t.test("text() and name() say which member is wrong", async (t) => {
  const notes = new RequestNotes();
  t.equal(notes.text({ a: 1 }, "a", "o[1]"), "");
  t.equal(notes.reason, "o[1].a is not a string");
  const others = new RequestNotes();
  t.equal(others.name({ a: "" }, "a", "o[1]"), "");
  t.equal(others.reason, "o[1].a is empty");
});

t.test("list() takes what is unsaid for empty and notes what is no list", async (t) => {
  const notes = new RequestNotes();
  t.strictSame(notes.list(undefined, "l"), []);
  t.strictSame(notes.list(null, "l"), []);
  t.strictSame(notes.list([1], "l"), [1]);
  t.equal(notes.reason, null);
  t.strictSame(notes.list({}, "l"), []);
  t.equal(notes.reason, "l is not a list");
});

t.test("missOthers() notes members that are unknown and said", async (t) => {
  const notes = new RequestNotes();
  notes.missOthers({ a: 1, b: null, c: undefined, d: 0 }, new Set(["a"]), "o");
  t.strictSame(notes.unexpressed, [{ feature: "unknown-field", at: "o.d" }]);
});
