import t from "tap";
import { RequestNotes } from "./request-notes.ts";

t.test("problem is the first thing that was wrong", async (t) => {
  const notes = new RequestNotes();
  t.equal(notes.problem, null);
  notes.fail("contents is missing");
  notes.fail("tools is not a list");
  t.equal(notes.problem, "contents is missing");
});

t.test("leave() notes features in order, duplicates too", async (t) => {
  const notes = new RequestNotes();
  notes.leave("safety", "safetySettings[0]");
  notes.leave("safety", "safetySettings[0]");
  t.same(notes.unexpressed, [
    { feature: "safety", at: "safetySettings[0]" },
    { feature: "safety", at: "safetySettings[0]" },
  ]);
});

t.test("leaveUnknown() notes fields that are not known and say something", async (t) => {
  const notes = new RequestNotes();
  const message = { a: 1, b: 2, c: null, d: undefined, constructor: 3 };
  notes.leaveUnknown(message, new Set(["a"]), { at: "x.", feature: "unknown-field" });
  t.same(notes.unexpressed, [
    { feature: "unknown-field", at: "x.b" },
    { feature: "unknown-field", at: "x.constructor" },
  ]);
});

t.test("leaveUnknown() cuts long names", async (t) => {
  const notes = new RequestNotes();
  notes.leaveUnknown({ ["k".repeat(5_000)]: 1 }, new Set(), { at: "", feature: "unknown-field" });
  t.equal(notes.unexpressed[0]?.at, "k".repeat(64));
});
