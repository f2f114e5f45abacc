/** The socket by which Envoys get their configuration and tell of their connections: ADS and access logs over gRPC. */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { chmod } from "node:fs/promises";
import type { AccessLogs } from "./access-logs.ts";
import type { AdsServer } from "./ads-server.ts";
import { accessLogService } from "./proto/access-log-service.ts";
import { aggregatedDiscoveryService } from "./proto/discovery-service.ts";

/** One state of the world may hold thousands of routes. */
const maxMessageBytes = 64 * 1024 * 1024;

/** A listening door. */
export interface EnvoyDoor {
  /** Cuts all streams and stops listening. */
  close(): void;
}

/** Listens on a Unix socket that only this user can reach; rejects when the path cannot be bound. */
export async function openEnvoyDoor(
  socketPath: string,
  services: {
    readonly ads: Pick<AdsServer, "handlers">;
    readonly accessLogs: Pick<AccessLogs, "handlers">;
  },
): Promise<EnvoyDoor> {
  const server = new Server({ "grpc.max_receive_message_length": maxMessageBytes });
  server.addService(aggregatedDiscoveryService, services.ads.handlers);
  server.addService(accessLogService, services.accessLogs.handlers);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  // Its folder is private already; whoever may connect is given every credential.
  await chmod(socketPath, 0o600);
  return { close: () => server.forceShutdown() };
}
