/** Data of events, by the rules of the WHATWG. */
import t from "tap";
import { streamEvents } from "./event-streams.ts";

function data(text: string): string[][] {
  return streamEvents(text).events.map(({ lines }) =>
    lines.map(({ start, end }) => text.slice(start, end)),
  );
}

for (const [text, ...wanted] of [
  ["data: a\n\ndata: b\n\n", ["a"], ["b"]],
  ["event: x\ndata:a\r\nid: 1\r\n\r\ndata:  b\r\r", ["a"], [" b"]],
  ["data: a\ndata\ndata:b\n\n", ["a", "", "b"]],
  [": comment\n\n\ndata: cut", ["cut"]],
  ["datas: no\ndat: no\n\n"],
  ["\u00ef\u00bb\u00bfdata: marked\n\n", ["marked"]],
  [""],
] as const) {
  t.test(`streamEvents() of ${JSON.stringify(text)}`, async (t) => t.same(data(text), wanted));
}

t.test("streamEvents() tells lines of no field apart", async (t) => {
  const text =
    ': c\nevent: e\nevent\nid:1\nretry: 2\ndata\n{"a":1}\neventual: x\nidea\r\r\n data: x';
  const strange = streamEvents(text).strange.map(({ start, end }) => text.slice(start, end));
  t.same(strange, ['{"a":1}', "eventual: x", "idea", " data: x"]);
});
