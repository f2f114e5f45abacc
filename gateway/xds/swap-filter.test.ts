/** How Envoy asks about what is written over: by itself nothing, by a plan what it needs, of upgrades no body. */
import t from "tap";
import { tryUnpackAny } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import type { CredentialUse, SwapPlan } from "../snapshot.ts";
import { bearer, secretUse } from "../testdata/gateway-snapshot.ts";
import { swapEntryConfig, swapFilter, swapRouteConfig } from "./engine-filter.ts";

const { ExternalProcessor, ExtProcPerRoute, ProcessingMode } =
  envoy.extensions.filters.http.ext_proc.v3;
const { HeaderSendMode, BodySendMode } = ProcessingMode;

const inBody: Extract<CredentialUse, { kind: "placeholder" }> = {
  kind: "placeholder",
  policy: bearer("key").policy,
  secret: secretUse("key"),
  placeholder: "placeholder/key",
  places: ["Body"],
};
const plan: SwapPlan = {
  id: "00000000000000aa",
  gateway: "default/egress",
  placeholders: [inBody],
  scrubs: [inBody],
  tag: "0a1b2c3d4e5f",
};

function overridesOf(protocol: "any" | "upgrade") {
  const config = tryUnpackAny(swapRouteConfig(plan, protocol), ExtProcPerRoute);
  return config?.overrides;
}

t.test("swapFilter() is off, fails closed, and shows nothing by itself", async (t) => {
  const filter = swapFilter();
  t.equal(filter.disabled, true);
  const config = tryUnpackAny(filter.typedConfig ?? {}, ExternalProcessor);
  t.equal(config?.failureModeAllow, false);
  t.match(config?.processingMode, {
    requestHeaderMode: HeaderSendMode.SKIP,
    responseHeaderMode: HeaderSendMode.SKIP,
    requestBodyMode: BodySendMode.NONE,
    responseBodyMode: BodySendMode.NONE,
  });
  const role = config?.grpcService?.initialMetadata?.find(
    ({ key }) => key === "x-clrk-extproc-role",
  );
  t.equal(role?.value, "swap");
  t.same(Object.keys(swapEntryConfig()), ["clrk.swap"]);
});

t.test("swapRouteConfig() streams bodies, and tells of trailers that end them", async (t) => {
  t.match(overridesOf("any"), {
    processingMode: {
      requestHeaderMode: HeaderSendMode.SEND,
      responseHeaderMode: HeaderSendMode.SEND,
      requestBodyMode: BodySendMode.STREAMED,
      responseBodyMode: BodySendMode.STREAMED,
      requestTrailerMode: HeaderSendMode.SEND,
      responseTrailerMode: HeaderSendMode.SEND,
    },
    grpcInitialMetadata: [{ key: "x-clrk-plan", value: plan.id }],
  });
});

t.test("swapRouteConfig() of an upgrade shows the request's headers alone", async (t) => {
  t.match(overridesOf("upgrade")?.processingMode, {
    requestHeaderMode: HeaderSendMode.SEND,
    responseHeaderMode: HeaderSendMode.SKIP,
    requestBodyMode: BodySendMode.NONE,
    responseBodyMode: BodySendMode.NONE,
    requestTrailerMode: HeaderSendMode.SKIP,
  });
});
