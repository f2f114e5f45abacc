import t from "tap";
import { isStreamPath } from "./stream-path.ts";

const paths: readonly [path: string, is: boolean][] = [
  ["/model/a/converse", false],
  ["/model/a/converse-stream", true],
  ["/model/a/invoke", false],
  ["/model/a/invoke-with-response-stream", true],
  ["/model/a/converse-stream?x=1", true],
  ["/model/a/converse?x=-stream", false],
  ["/model/my-stream/converse", false],
];

for (const [path, is] of paths) {
  t.test(`isStreamPath() says ${is ? "yes" : "no"} to ${path}`, async (t) => {
    t.equal(isStreamPath(path), is);
  });
}
