import t from "tap";
import { EventFilter, eventPayload } from "./event-filter.ts";

function pass(filter: EventFilter, text: string, size: number): string {
  const bytes = Buffer.from(text);
  const passed: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    passed.push(Buffer.from(filter.write(bytes.subarray(at, at + size))));
  }
  return Buffer.concat([...passed, filter.end()]).toString();
}

const stream = "data: a\n\ndata: drop\r\n\r\ndata: change\r\rdata: b\n\ndata: cut";

t.test(
  "write() passes events, others in their place, or none, however they are cut",
  async (test) => {
    for (let size = 1; size <= stream.length; size++) {
      const filter = new EventFilter({
        longestHeld: 1_000,
        longer: "pass",
        replace: (event) => {
          const data = eventPayload(event.toString());
          if (data === "drop") return undefined;
          return data === "change" ? Buffer.from("data: new\n\n") : event;
        },
      });
      test.equal(
        pass(filter, stream, size),
        "data: a\n\ndata: new\n\ndata: b\n\ndata: cut",
        `${size}`,
      );
    }
  },
);

t.test("write() passes or leaves out events that are longer than what is held", async (test) => {
  const long = `data: ${"x".repeat(100)}\n\n`;
  for (const size of [1, 7, 200]) {
    const filter = (longer: "pass" | "drop") =>
      new EventFilter({ longestHeld: 50, longer, replace: (event) => event });
    test.equal(pass(filter("pass"), `${long}data: a\n\n`, size), `${long}data: a\n\n`);
    test.equal(pass(filter("drop"), `${long}data: a\n\n`, size), "data: a\n\n", `${size}`);
  }
});

t.test("eventPayload() joins the lines of data", async (test) => {
  test.equal(eventPayload("event: x\ndata: a\r\ndata:b\ndata\nid: 1\n\n"), "a\nb\n");
});
