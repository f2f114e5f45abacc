import t from "tap";
import type { ServedObject } from "../../gateway/control-api.ts";
import { createPalette } from "./colour.ts";
import { describeChanges, findComplaints } from "./condition-lines.ts";
import { objectWith } from "./testdata/fake-control.ts";

const palette = createPalette({ isTerminal: false, environment: {} });

function routeWith(type: string, status: string, message = "for a test"): ServedObject {
  return objectWith("AIProviderRoute", {
    conditions: [{ type, status, reason: "Reason", message }],
  });
}

for (const { type, status, line } of [
  { type: "Accepted", status: "False", line: "is not accepted" },
  { type: "ResolvedRefs", status: "False", line: "names something that cannot be used" },
  { type: "Programmed", status: "False", line: "was refused by Envoy" },
  { type: "Ready", status: "False", line: "is not ready" },
  { type: "TranslationUnsupported", status: "True", line: "has untranslatable backends" },
  { type: "New", status: "False", line: "has New False" },
]) {
  t.test(`findComplaints() tells of ${type} ${status}`, (t) => {
    const found = findComplaints([routeWith(type, status)], "/");
    t.same(
      [...found.values()],
      [`policy/route.yaml:14: AIProviderRoute default/openai ${line}: for a test`],
    );
    t.end();
  });
}

for (const { type, status } of [
  { type: "Accepted", status: "True" },
  { type: "Accepted", status: "Unknown" },
  { type: "TranslationUnsupported", status: "False" },
  { type: "Enforcing", status: "False" },
]) {
  t.test(`findComplaints() is silent about ${type} ${status}`, (t) => {
    t.equal(findComplaints([routeWith(type, status)], "/").size, 0);
    t.end();
  });
}

t.test("findComplaints() escapes what a manifest may hold", (t) => {
  const found = findComplaints([routeWith("Accepted", "False", "\u001b[2J")], "/");
  t.match([...found.values()][0], /not accepted: \\x1b\[2J$/);
  t.end();
});

t.test("describeChanges() tells only what is new", (t) => {
  const items = [routeWith("Accepted", "False")];
  const now = findComplaints(items, "/");
  const told = describeChanges({ before: new Map(), now, items, palette });
  t.same(told, [
    "✘ policy/route.yaml:14: AIProviderRoute default/openai is not accepted: for a test",
  ]);
  t.same(describeChanges({ before: now, now, items, palette }), []);
  t.end();
});

t.test("describeChanges() tells of another reason for the same object", (t) => {
  const before = findComplaints([routeWith("Accepted", "False", "one")], "/");
  const items = [routeWith("Accepted", "False", "two")];
  const told = describeChanges({ before, now: findComplaints(items, "/"), items, palette });
  t.match(told, [/: two$/]);
  t.end();
});

t.test("describeChanges() tells what is right again, but not what was removed", (t) => {
  const before = findComplaints([routeWith("Accepted", "False")], "/");
  const items = [routeWith("Accepted", "True")];
  const now = findComplaints(items, "/");
  t.same(describeChanges({ before, now, items, palette }), [
    "✔ AIProviderRoute default/openai: Accepted again",
  ]);
  t.same(describeChanges({ before, now, items: [], palette }), []);
  t.end();
});
