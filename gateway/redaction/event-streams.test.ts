/** Data of events, by the rules of the WHATWG. */
import t from "tap";
import { streamEvents } from "./event-streams.ts";

function data(text: string): string[][] {
  return streamEvents(text).map(({ lines }) =>
    lines.map(({ start, end }) => text.slice(start, end)),
  );
}

for (const [text, ...wanted] of [
  ["data: a\n\ndata: b\n\n", ["a"], ["b"]],
  ["event: x\ndata:a\r\nid: 1\r\n\r\ndata:  b\r\r", ["a"], [" b"]],
  ["data: a\ndata\ndata:b\n\n", ["a", "", "b"]],
  [": comment\n\n\ndata: cut", ["cut"]],
  ["datas: no\ndat: no\n\n"],
  [""],
] as const) {
  t.test(`streamEvents() of ${JSON.stringify(text)}`, async (t) => t.same(data(text), wanted));
}
