/** Which content types are kept. */
import t from "tap";
import { matchesContentType } from "./media-type.ts";

const list = ["application/json", "text/event-stream"];

const headers: ReadonlyArray<{ header: string | undefined; matches: boolean }> = [
  { header: "application/json", matches: true },
  { header: "Application/JSON; charset=utf-8", matches: true },
  { header: " text/event-stream ;x", matches: true },
  { header: "application/problem+json", matches: true },
  { header: "application/vnd.api+JSON;v=1", matches: true },
  { header: "text/plain", matches: false },
  { header: "text/plain; a=application/json", matches: false },
  { header: "application/json-seq", matches: false },
  { header: "application/jsonx", matches: false },
  { header: "application/json, text/html", matches: false },
  { header: "text/html+xml", matches: false },
  { header: "", matches: false },
  { header: ";application/json", matches: false },
  { header: undefined, matches: false },
];

for (const { header, matches } of headers) {
  t.test(`matchesContentType() says ${matches} when the header is ${header}`, async (t) => {
    t.equal(matchesContentType(header, list), matches);
  });
}

t.test("matchesContentType() takes JSON by suffix only where JSON is kept", async (t) => {
  t.equal(matchesContentType("application/problem+json", ["text/plain"]), false);
  t.equal(matchesContentType("application/problem+json", ["application/problem+json"]), true);
  t.equal(matchesContentType("application/json", []), false);
});
