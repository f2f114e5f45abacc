/** All that is fuzzed, in the order in which it runs. One more is one more file in `targets/` and one line here. */

import type { FuzzTarget } from "./fuzz-target.ts";
import { codecTargets } from "./targets/codecs.ts";
import { addressGuardTarget } from "./targets/address-guard.ts";
import { manifestsTarget } from "./targets/manifests.ts";
import { envoyConfigurationTarget } from "./targets/envoy-configuration.ts";
import { proxyProtocolTarget } from "./targets/proxy-protocol.ts";
import { bodyTarget } from "./targets/body.ts";
import { awsEventStreamTarget } from "./targets/aws-event-stream.ts";
import { grpcMessagesTarget } from "./targets/grpc-messages.ts";
import { hpackTarget } from "./targets/hpack.ts";
import { http2Target } from "./targets/http2.ts";
import { jsonEditTarget } from "./targets/json-edit.ts";
import { jsonRpcTarget } from "./targets/json-rpc.ts";
import { jsonScannerTarget } from "./targets/json-scanner.ts";
import { jsonTextTarget } from "./targets/json-text.ts";
import { matchersTarget } from "./targets/matchers.ts";
import { protobufTarget } from "./targets/protobuf.ts";
import { redactionTarget } from "./targets/redaction.ts";
import { sseTarget } from "./targets/sse.ts";
import { streamFiltersTarget } from "./targets/stream-filters.ts";

/** Every target. */
export const targets: readonly FuzzTarget[] = [
  http2Target,
  hpackTarget,
  grpcMessagesTarget,
  protobufTarget,
  sseTarget,
  awsEventStreamTarget,
  jsonScannerTarget,
  jsonEditTarget,
  jsonTextTarget,
  jsonRpcTarget,
  streamFiltersTarget,
  bodyTarget,
  redactionTarget,
  ...codecTargets,
  matchersTarget,
  addressGuardTarget,
  manifestsTarget,
  envoyConfigurationTarget,
  proxyProtocolTarget,
];
