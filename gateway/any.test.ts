/** Tests that typed messages travel in an Any unharmed, and that a rewrite keeps what our schema does not know. */
import protobuf from "protobufjs/minimal.js";
import t from "tap";
import {
  decodeKeepingUnknown,
  encodeMessage,
  packAny,
  tryUnpackAny,
  typedExtension,
} from "./any.ts";
import { envoy as discovery } from "./proto/gen/discovery.js";
import { envoy } from "./proto/gen/xds.js";

const { Listener } = envoy.config.listener.v3;
const { Router } = envoy.extensions.filters.http.router.v3;
const { Resource } = discovery.service.discovery.v3;
const routerUrl = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

t.test("packAny() names the message by its full name", async (t) => {
  t.equal(packAny(Router, {}).typeUrl, routerUrl);
  const { DownstreamTlsContext } = envoy.extensions.transport_sockets.tls.v3;
  t.equal(
    packAny(DownstreamTlsContext, {}).typeUrl,
    "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
  );
});

t.test("packAny() names a nested message with its parent", async (t) => {
  const { typeUrl } = packAny(envoy.config.core.v3.GrpcService.EnvoyGrpc, { clusterName: "x" });
  t.equal(typeUrl, "type.googleapis.com/envoy.config.core.v3.GrpcService.EnvoyGrpc");
});

t.test("packAny() yields a value that fits the Any of every module", async (t) => {
  const resource = packAny(Listener, { name: "egress" });
  const bytes = Resource.encode({ name: "egress", version: "1", resource }).finish();
  const decoded = Resource.decode(bytes);
  t.equal(decoded.resource?.typeUrl, "type.googleapis.com/envoy.config.listener.v3.Listener");
  t.equal(Listener.decode(decoded.resource?.value ?? new Uint8Array()).name, "egress");
});

t.test("packAny() refuses a misspelled field at compile time", async (t) => {
  // @ts-expect-error `nme` is no field of Listener
  t.equal(packAny(Listener, { nme: "egress" }).value.length, 0);
});

t.test("typedExtension() is a name and an Any", async (t) => {
  const filter = typedExtension("router", Router, { suppressEnvoyHeaders: true });
  t.same(Object.keys(filter), ["name", "typedConfig"]);
  t.same([filter.name, filter.typedConfig.typeUrl], ["router", routerUrl]);
  t.ok(tryUnpackAny(filter.typedConfig, Router)?.suppressEnvoyHeaders);
});

t.test("encodeMessage() yields the bytes of the protobuf wire format", async (t) => {
  const bytes = encodeMessage(Listener, { name: "egress", enableReusePort: { value: false } });
  t.equal(Buffer.from(bytes).toString("hex"), "0a06656772657373" + "ea0100");
});

const unpackable: ReadonlyArray<{ name: string; typeUrl: string }> = [
  { name: "the usual prefix", typeUrl: routerUrl },
  { name: "another prefix", typeUrl: routerUrl.replace("googleapis.com", "example.com/a/b") },
  { name: "an empty prefix", typeUrl: routerUrl.replace("type.googleapis.com", "") },
];

for (const { name, typeUrl } of unpackable) {
  t.test(`tryUnpackAny() accepts ${name}`, async (t) => {
    const { value } = packAny(Router, { suppressEnvoyHeaders: true });
    t.equal(tryUnpackAny({ typeUrl, value }, Router)?.suppressEnvoyHeaders, true);
  });
}

const foreign: ReadonlyArray<{ name: string; typeUrl: string | null | undefined }> = [
  { name: "another type", typeUrl: "type.googleapis.com/envoy.config.listener.v3.Listener" },
  { name: "a type that ends alike", typeUrl: `type.googleapis.com/x.${routerUrl.split("/")[1]}` },
  { name: "a longer type", typeUrl: `${routerUrl}V2` },
  { name: "no slash", typeUrl: routerUrl.slice(routerUrl.indexOf("/") + 1) },
  { name: "an empty URL", typeUrl: "" },
  { name: "no URL", typeUrl: undefined },
  { name: "a null URL", typeUrl: null },
];

for (const { name, typeUrl } of foreign) {
  t.test(`tryUnpackAny() finds nothing in an Any with ${name}`, async (t) => {
    t.equal(tryUnpackAny({ typeUrl, value: new Uint8Array() }, Router), undefined);
  });
}

t.test("tryUnpackAny() takes an absent value for an empty message", async (t) => {
  t.equal(tryUnpackAny({ typeUrl: routerUrl }, Router)?.suppressEnvoyHeaders, false);
});

t.test("tryUnpackAny() throws when the type fits and the bytes are cut off", async (t) => {
  t.throws(
    () => tryUnpackAny({ typeUrl: routerUrl, value: Uint8Array.of(0x0a, 5) }, Router),
    Error,
  );
});

/** A Listener as a newer Envoy might write it: fields 5000 and 5001 at the top, 5000 inside its address. */
function futureListener(): Uint8Array {
  const future = (writer: protobuf.Writer) => writer.uint32((5000 << 3) | 2).string("future");
  const socket = future(protobuf.Writer.create().uint32(18).string("127.0.0.1")).finish();
  const address = protobuf.Writer.create().uint32(10).bytes(socket).finish();
  const listener = protobuf.Writer.create().uint32(10).string("egress").uint32(18).bytes(address);
  return future(listener)
    .uint32(5001 << 3)
    .uint32(7)
    .finish();
}

t.test(
  "decodeKeepingUnknown() keeps unknown fields, nested ones too, through a rewrite",
  async (t) => {
    const listener = decodeKeepingUnknown(Listener, futureListener());
    t.same(Buffer.from(encodeMessage(Listener, listener)), Buffer.from(futureListener()));
    listener.name = "EGRESS";
    const rewritten = Buffer.from(encodeMessage(Listener, listener)).toString("latin1");
    t.equal(
      rewritten,
      Buffer.from(futureListener()).toString("latin1").replace("egress", "EGRESS"),
    );
  },
);

t.test("decodeKeepingUnknown() hides unknown fields from enumeration", async (t) => {
  const listener = decodeKeepingUnknown(Listener, futureListener());
  t.notOk(Object.keys(listener).includes("$unknowns"));
  t.equal(listener.$unknowns?.length, 2);
});

t.test("decode() drops unknown fields, as records need none", async (t) => {
  const listener = Listener.decode(futureListener());
  t.equal(listener.$unknowns, undefined);
  t.ok(encodeMessage(Listener, listener).length < futureListener().length);
});

t.test("decodeKeepingUnknown() does not change how later messages decode", async (t) => {
  decodeKeepingUnknown(Listener, futureListener());
  t.equal(Listener.decode(futureListener()).$unknowns, undefined);
});

t.test("decodeKeepingUnknown() throws for bytes cut off", async (t) => {
  const bytes = futureListener();
  t.throws(() => decodeKeepingUnknown(Listener, bytes.subarray(0, bytes.length - 1)), Error);
});
