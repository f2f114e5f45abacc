/** Tests of paths of which a part was taken out. */
import t from "tap";
import type { envoy } from "../proto/gen/xds.js";
import type { Truth } from "./fact.ts";
import { FullMatch } from "./full-match.ts";
import { fitsPath, matchesPath, recordedPath } from "./path-fact.ts";

const cut = recordedPath("/v1/[redacted]/items");
const missing = { missing: "path, of which a part was taken out" };

const rows: readonly {
  readonly match: envoy.config.route.v3.IRouteMatch;
  readonly path: string;
  readonly truth: Truth;
}[] = [
  { match: { prefix: "/" }, path: "/any", truth: true },
  { match: { prefix: "/" }, path: "", truth: false },
  { match: { prefix: "/" }, path: "*", truth: false },
  { match: { path: "/v1" }, path: "/v1", truth: true },
  { match: { path: "/v1" }, path: "/v1/", truth: false },
  { match: { path: "/v1" }, path: "/V1", truth: false },
  { match: { pathSeparatedPrefix: "/v1" }, path: "/v1", truth: true },
  { match: { pathSeparatedPrefix: "/v1" }, path: "/v1/x", truth: true },
  { match: { pathSeparatedPrefix: "/v1" }, path: "/v10", truth: false },
  { match: { safeRegex: { regex: "/v[0-9]" } }, path: "/v1", truth: true },
  { match: { safeRegex: { regex: "/v[0-9]" } }, path: "/v1/x", truth: false },
  { match: { prefix: "/" }, path: "/v1/[redacted]", truth: true },
  { match: { pathSeparatedPrefix: "/v1" }, path: "/v1/[redacted]", truth: true },
  { match: { pathSeparatedPrefix: "/v1/files" }, path: "/v1/[redacted]", truth: missing },
  { match: { pathSeparatedPrefix: "/v2" }, path: "/v1/[redacted]", truth: false },
  { match: { path: "/v1/files" }, path: "/v1/[redacted]", truth: missing },
  { match: { path: "/v2" }, path: "/v1/[redacted]", truth: false },
  { match: { safeRegex: { regex: "/v1/.*" } }, path: "/v1/[redacted]", truth: missing },
  { match: { prefix: "/" }, path: "[redacted]", truth: true },
  { match: { path: "/v1" }, path: "[redacted]", truth: missing },
];

for (const { match, path, truth } of rows) {
  t.test(`matchesPath() of ${JSON.stringify(match)} for "${path}"`, async (t) => {
    t.same(matchesPath(match)(recordedPath(path)), truth);
  });
}

t.test("matchesPath() refuses a kind of match that it does not know", async (t) => {
  t.throws(() => matchesPath({ connectMatcher: {} }), {
    message: "Cannot replay a match of a path: unknown kind of match",
  });
});

t.test("fitsPath() is sure of what is there, and of nothing else", async (t) => {
  const doubled = new FullMatch(".*//.*");
  t.equal(fitsPath(doubled, recordedPath("/a//b")), true);
  t.equal(fitsPath(doubled, recordedPath("/a/b")), false);
  t.same(fitsPath(doubled, cut), missing);
  t.equal(fitsPath(doubled, recordedPath("/a//[redacted]")), true);
});
