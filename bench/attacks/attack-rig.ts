/**
 * What is attacked: real gateways with their Envoy, started when a technique first asks for one, between upstreams that are
 * allowed and upstreams that must never hear anything. The upstreams are the judges.
 */
import { createServer } from "node:http";
import { networkInterfaces } from "node:os";
import { gunzipSync } from "node:zlib";
import { createFakeProvider } from "../harness/fake-provider.ts";
import type { FakeProvider } from "../harness/fake-provider.ts";
import type { ReceivedRequest } from "../harness/fake/received-request.ts";
import { explicitEntrance, transparentEntrance } from "../harness/entrance.ts";
import type { Entrance } from "../harness/entrance.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun, RunningGateway } from "../harness/gateway.ts";
import type { TestScope } from "../harness/processes.ts";
import { createTcpUpstream } from "../harness/tcp-upstream.ts";
import type { TcpUpstream } from "../harness/tcp-upstream.ts";
import { anthropicKey, openAiKey, startUpstreams } from "../harness/upstreams.ts";
import type { Upstreams } from "../harness/upstreams.ts";
import { allowedHosts, attackManifests, forbiddenHosts } from "./attack-policy.ts";
import type { GatewayKind } from "./attack-policy.ts";
import { Canaries, injectedCredentials, receiverKey } from "./canaries.ts";
import { isGivenAway, isMisdirected } from "./misdirected.ts";

/** A gateway that is attacked, with a run and both ways into it. */
export interface AttackedGateway {
  readonly kind: GatewayKind;
  readonly gateway: RunningGateway;
  readonly run: GatewayRun;
  readonly explicit: Entrance;
  readonly transparent: Entrance;
  readonly entrances: readonly Entrance[];
}

interface RigParts {
  readonly scope: TestScope;
  readonly allowed: Upstreams;
  readonly forbidden: { readonly tls: FakeProvider; readonly plain: FakeProvider };
  readonly trap: TcpUpstream;
  readonly raw: TcpUpstream;
  readonly otlp: OtlpReceiver;
  readonly audits: boolean;
}

/** The upstreams, and gateways on demand. */
export class AttackRig {
  readonly canaries = new Canaries();
  readonly allowed: Upstreams;
  readonly forbidden: RigParts["forbidden"];
  /** Listens on every address of this machine: whoever gets here got inside */
  readonly trap: TcpUpstream;
  /** The one raw upstream that `raw` passes bytes to */
  readonly raw: TcpUpstream;
  readonly otlp: OtlpReceiver;
  /** Ends with the run: for what a technique starts by itself */
  readonly scope: TestScope;
  /** The gateways audit: what counts is only whether a credential is given away, or somebody gets inside */
  readonly audits: boolean;
  readonly #gateways = new Map<GatewayKind, Promise<AttackedGateway>>();

  constructor(parts: RigParts) {
    this.scope = parts.scope;
    this.allowed = parts.allowed;
    this.forbidden = parts.forbidden;
    this.trap = parts.trap;
    this.raw = parts.raw;
    this.otlp = parts.otlp;
    this.audits = parts.audits;
  }

  /** The gateway of that kind, started at the first call. */
  gateway(kind: GatewayKind): Promise<AttackedGateway> {
    const known = this.#gateways.get(kind);
    if (known !== undefined) return known;
    const started = this.#start(kind);
    this.#gateways.set(kind, started);
    return started;
  }

  /** Those that were started. */
  started(): Promise<AttackedGateway[]> {
    return Promise.all(this.#gateways.values());
  }

  /** Registers a run whose token is a canary from then on. */
  async registerRun(gateway: RunningGateway, agent: string): Promise<GatewayRun> {
    const run = await gateway.registerRun(agent);
    this.canaries.add(`token of ${agent}`, new URL(run.proxyUrl).password);
    return run;
  }

  /** Requests at allowed upstreams so far. */
  requests(): readonly ReceivedRequest[] {
    return [...this.allowed.tls.requests, ...this.allowed.plain.requests];
  }

  /** How often anything reached what is forbidden so far: connections and requests there, and misdirected requests. */
  countReached(isForbidden: (request: ReceivedRequest) => boolean = () => false): number {
    const { tls, plain } = this.forbidden;
    if (this.audits) {
      const all = [...this.requests(), ...tls.requests, ...plain.requests];
      const given = all.filter((request) => isGivenAway(request, this.canaries, isForbidden));
      return this.trap.connections.length + given.length;
    }
    const connections = tls.connections + plain.connections + this.trap.connections.length;
    const wrong = this.requests().filter(
      (request) => isForbidden(request) || isMisdirected(request, this.canaries),
    );
    return connections + tls.requests.length + plain.requests.length + wrong.length;
  }

  /** Forgets what the allowed upstreams got, before the next technique. */
  forget(): void {
    this.allowed.tls.reset();
    this.allowed.plain.reset();
    if (!this.audits) return;
    this.forbidden.tls.reset();
    this.forbidden.plain.reset();
  }

  async #start(kind: GatewayKind): Promise<AttackedGateway> {
    const { allowed, forbidden, otlp, raw, trap } = this;
    const manifests = attackManifests(kind, {
      allowed,
      forbiddenAliases: [
        { port: forbidden.tls.port, hostnames: forbiddenHosts.tls },
        { port: forbidden.plain.port, hostnames: forbiddenHosts.plain },
      ],
      otlp: { port: otlp.port, key: receiverKey },
      rawPort: raw.port,
      trapPort: trap.port,
      audits: this.audits,
    });
    const secrets = Object.entries(injectedCredentials).map(([name, value]) => ({ name, value }));
    const gateway = await startGateway(this.scope, { manifests, secrets, transparent: true });
    const run = await this.registerRun(gateway, `attacker-of-${kind}`);
    const explicit = explicitEntrance(run);
    const transparent = transparentEntrance(await gateway.transparent());
    return { kind, gateway, run, explicit, transparent, entrances: [explicit, transparent] };
  }
}

/** Starts the upstreams; everything ends with the scope. With `audits` the gateways only audit. */
export async function createAttackRig(
  scope: TestScope,
  { audits = false }: { readonly audits?: boolean } = {},
): Promise<AttackRig> {
  const allowed = await startUpstreams(scope, {
    tlsHosts: allowedHosts.tls,
    plainHosts: allowedHosts.plain,
  });
  const keys = { openAiKey, anthropicKey };
  const tls = await createFakeProvider({
    certificate: allowed.authority.issue([...forbiddenHosts.tls]),
    ...keys,
  });
  scope.teardown(() => tls.close());
  const plain = await createFakeProvider(keys);
  scope.teardown(() => plain.close());
  const trap = await createTcpUpstream({ address: everyAddress(), banner: "inside" });
  scope.teardown(() => trap.close());
  const raw = await createTcpUpstream();
  scope.teardown(() => raw.close());
  const otlp = await startOtlpReceiver(scope);
  const forbidden = { tls, plain };
  return new AttackRig({ scope, allowed, forbidden, trap, raw, otlp, audits });
}

/** What an OTLP receiver got. */
export interface OtlpReceiver {
  readonly port: number;
  /** Bodies so far, decompressed, as Latin-1 */
  readonly received: readonly string[];
}

async function startOtlpReceiver(scope: TestScope): Promise<OtlpReceiver> {
  const received: string[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.once("end", () => {
      const body = Buffer.concat(chunks);
      const isGzip = incoming.headers["content-encoding"] === "gzip";
      received.push((isGzip ? gunzipSync(body) : body).toString("latin1"));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { port: address !== null && typeof address === "object" ? address.port : 0, received };
}

/** The address to listen on for whatever comes to this machine, by any of its addresses. */
export function everyAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((them) => them ?? []);
  return addresses.some(({ family }) => family === "IPv6") ? "::" : "0.0.0.0";
}
