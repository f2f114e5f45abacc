import t from "tap";
import { createDocumentNames } from "./document-names.ts";

const names: readonly { readonly name: string | null; readonly wanted: string }[] = [
  { name: "Report (final) [2] - b", wanted: "Report (final) [2] - b" },
  { name: null, wanted: "document" },
  { name: "", wanted: "document" },
  { name: "report.pdf", wanted: "report-pdf" },
  { name: "a/b\\c__d", wanted: "a-b-c-d" },
  { name: "  two   spaces \t tab ", wanted: "two spaces tab" },
  { name: "größe", wanted: "gr-e" },
  { name: "   ", wanted: "document" },
  { name: "日本", wanted: "-" },
  { name: "x".repeat(300), wanted: "x".repeat(190) },
];

for (const { name, wanted } of names) {
  t.test(`createDocumentNames() makes "${wanted.slice(0, 30)}"`, async (t) => {
    t.equal(createDocumentNames()(name), wanted);
  });
}

t.test("createDocumentNames() makes no name twice", async (t) => {
  const nameOf = createDocumentNames();
  const made = ["a.b", "a-b", null, null, "a-b (2)", "a-b"].map((name) => nameOf(name));
  t.same(made, ["a-b", "a-b (2)", "document", "document (2)", "a-b (2) (2)", "a-b (3)"]);
});

t.test("createDocumentNames() keeps within what Converse takes", async (t) => {
  const nameOf = createDocumentNames();
  for (let count = 0; count < 1_500; count++) {
    const name = nameOf("x".repeat(250));
    if (!/^[a-zA-Z0-9 \-()[\]]{1,200}$/.test(name)) t.fail(name);
  }
  t.match(nameOf("x".repeat(250)), /\(1501\)$/);
});

t.test("createDocumentNames() begins anew for each request", async (t) => {
  t.equal(createDocumentNames()("a"), "a");
  t.equal(createDocumentNames()("a"), "a");
});
