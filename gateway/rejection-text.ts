/** What Envoy says when it rejects a configuration, with the next step where there is one. */

const portTaken = /cannot bind '([^']+)': Address already in use/;

/** Returns Envoy's words, or, where a port is taken, which one and what to do about it. */
export function explainRejection(message: string): string {
  const address = portTaken.exec(message)?.[1];
  if (address === undefined) return message;
  return `another program listens on ${address}: end it, or name another port (spec.explicitProxy.port of the EgressGateway, or --transparent)`;
}

/** The sentence for the log. */
export function describeRejection(rejection: {
  /** `namespace/name` */
  readonly gateway: string;
  readonly message: string;
}): string {
  const { gateway, message } = rejection;
  return `Envoy rejected the configuration of ${gateway} and keeps the one before: ${explainRejection(message)}`;
}
