/** Tests the ADS definition over a real gRPC stream, and what its decoder refuses. */
import {
  Server,
  ServerCredentials,
  credentials,
  makeGenericClientConstructor,
} from "@grpc/grpc-js";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import t from "tap";
import type { Test } from "tap";
import { packAny, tryUnpackAny } from "../any.ts";
import { aggregatedDiscoveryService } from "./discovery-service.ts";
import { envoy as discovery } from "./gen/discovery.js";
import { envoy } from "./gen/xds.js";

type Request = discovery.service.discovery.v3.DeltaDiscoveryRequest;
type Response = discovery.service.discovery.v3.IDeltaDiscoveryResponse;

const { DeltaDiscoveryResponse, DeltaDiscoveryRequest } = discovery.service.discovery.v3;
const { Listener } = envoy.config.listener.v3;
const { deltaAggregatedResources } = aggregatedDiscoveryService;

/** A server that answers each request with `answer`, and the port it listens on. */
async function serve(t: Test, answer: (request: Request) => Response): Promise<number> {
  const server = new Server();
  server.addService(aggregatedDiscoveryService, {
    deltaAggregatedResources: (call: ServerDuplexStream<Request, Response>) => {
      call.on("data", (request: Request) => call.write(answer(request)));
      call.on("end", () => call.end());
    },
  });
  t.teardown(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

function connect(t: Test, port: number) {
  const Client = makeGenericClientConstructor(aggregatedDiscoveryService, "Ads");
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  t.teardown(() => client.close());
  const { path, requestSerialize, responseDeserialize } = deltaAggregatedResources;
  return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
}

t.test("deltaAggregatedResources carries requests and resources both ways", async (t) => {
  const port = await serve(t, (request) => ({
    systemVersionInfo: "7",
    typeUrl: request.typeUrl,
    nonce: `after "${request.responseNonce}" for ${request.node?.id}`,
    resources: [{ name: "egress", version: "a", resource: packAny(Listener, { name: "egress" }) }],
    removedResources: request.resourceNamesUnsubscribe,
  }));
  const stream = connect(t, port);
  stream.write(
    DeltaDiscoveryRequest.create({
      node: { id: "envoy-1" },
      typeUrl: Listener.getTypeUrl(),
      resourceNamesUnsubscribe: ["gone"],
      initialResourceVersions: { egress: "9" },
    }),
  );
  const response = await new Promise<Response>((resolve, reject) => {
    stream.once("data", resolve).once("error", reject);
  });
  stream.end();
  t.equal(response.nonce, 'after "" for envoy-1');
  t.equal(response.typeUrl, "type.googleapis.com/envoy.config.listener.v3.Listener");
  t.same(response.removedResources, ["gone"]);
  const [resource] = response.resources ?? [];
  t.equal(tryUnpackAny(resource?.resource ?? {}, Listener)?.name, "egress");
});

t.test("requestDeserialize() reads a rejection with its error detail", async (t) => {
  const bytes = deltaAggregatedResources.requestSerialize(
    DeltaDiscoveryRequest.create({ responseNonce: "3", errorDetail: { code: 13, message: "bad" } }),
  );
  const request = deltaAggregatedResources.requestDeserialize(bytes);
  t.equal(request.responseNonce, "3");
  t.same([request.errorDetail?.code, request.errorDetail?.message], [13, "bad"]);
});

t.test("responseSerialize() takes a plain object", async (t) => {
  const bytes = deltaAggregatedResources.responseSerialize({ nonce: "n" });
  t.ok(Buffer.isBuffer(bytes));
  t.equal(DeltaDiscoveryResponse.decode(bytes).nonce, "n");
});

const rejected: ReadonlyArray<{ name: string; hex: string }> = [
  { name: "a message cut off", hex: "0a05" },
  { name: "a node cut off", hex: "0a030a05ab" },
  { name: "an unknown wire type", hex: "0f" },
];

for (const { name, hex } of rejected) {
  t.test(`requestDeserialize() throws for ${name}`, async (t) => {
    t.throws(() => deltaAggregatedResources.requestDeserialize(Buffer.from(hex, "hex")), Error);
  });
}

t.test("requestDeserialize() survives a resource name that is not UTF-8", async (t) => {
  const bytes = Buffer.from("1a03ff6162", "hex");
  t.same(deltaAggregatedResources.requestDeserialize(bytes).resourceNamesSubscribe, ["\ufffdab"]);
});
