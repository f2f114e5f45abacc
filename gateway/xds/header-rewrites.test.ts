/** Tests header changes of rules as Envoy takes them. */
import t from "tap";
import { envoy } from "../proto/gen/xds.js";
import { headerRewrites } from "./header-rewrites.ts";

const { HeaderAppendAction } = envoy.config.core.v3.HeaderValueOption;

t.test("headerRewrites() removes, then sets, then adds", async (t) => {
  const rewrites = headerRewrites({
    add: [{ name: "x-add", value: "3" }],
    set: [{ name: "x-set", value: "2" }],
    remove: ["x-gone"],
  });
  t.match(rewrites, [
    { remove: "x-gone" },
    {
      append: {
        header: { key: "x-set", value: "2" },
        appendAction: HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
      },
    },
    {
      append: {
        header: { key: "x-add", value: "3" },
        appendAction: HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD,
      },
    },
  ]);
  t.equal(rewrites.length, 3);
});

t.test("headerRewrites() has Envoy print values as they are", async (t) => {
  const field = { name: "x", value: "100% %REQ(authorization)%" };
  for (const part of ["set", "add"] as const) {
    const [rewrite] = headerRewrites({ set: [], add: [], remove: [], [part]: [field] });
    t.equal(rewrite?.append?.header?.value, "100%% %%REQ(authorization)%%");
  }
});

t.test("headerRewrites() gives nothing for no changes", async (t) => {
  t.same(headerRewrites({ set: [], add: [], remove: [] }), []);
});
