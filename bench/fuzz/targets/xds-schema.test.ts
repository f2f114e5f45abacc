/** Tests of the check of xDS messages. */
import t from "tap";
import { packAny } from "../../../gateway/any.ts";
import { envoy } from "../../../gateway/proto/gen/xds.js";
import { messageProblem } from "./xds-schema.ts";

const { Cluster } = envoy.config.cluster.v3;
const typeUrl = Cluster.getTypeUrl();

t.test("messageProblem() accepts what our schema has, also within an Any", async (t) => {
  const { Router } = envoy.extensions.filters.http.router.v3;
  const { HttpFilter } = envoy.extensions.filters.network.http_connection_manager.v3;
  const filter = packAny(HttpFilter, { name: "r", typedConfig: packAny(Router, {}) });
  t.equal(messageProblem(filter.typeUrl, filter.value), undefined);
  t.equal(messageProblem(typeUrl, Cluster.encode({ name: "x" }).finish()), undefined);
});

t.test("messageProblem() names types and fields that our schema has not", async (t) => {
  t.equal(
    messageProblem("type.googleapis.com/envoy.Nothing", new Uint8Array()),
    "type envoy.Nothing is unknown",
  );
  const bytes = Buffer.concat([Cluster.encode({ name: "x" }).finish(), Buffer.of(0xfa, 0x7f, 0)]);
  t.match(messageProblem(typeUrl, bytes), /fields that are not in the schema/);
  const { HttpFilter } = envoy.extensions.filters.network.http_connection_manager.v3;
  const filter = packAny(HttpFilter, {
    name: "r",
    typedConfig: { typeUrl: "type.googleapis.com/envoy.Nothing", value: new Uint8Array() },
  });
  t.equal(messageProblem(filter.typeUrl, filter.value), "type envoy.Nothing is unknown");
});
