/** Says with every revision which gateways and routes only audit, and once when they do so no more. */

import { auditNews } from "./audit.ts";
import type { Logger } from "./log.ts";
import type { GatewaySnapshot } from "./snapshot.ts";

/** Tells one log. */
export class AuditTeller {
  readonly #log: Logger;
  /** Gateways of which it was last told whether they audit */
  #told: readonly GatewaySnapshot[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  /** With every revision: nobody is to forget it. */
  tell(gateways: readonly GatewaySnapshot[]): void {
    const { warnings, ended } = auditNews(gateways, this.#told);
    this.#told = gateways;
    for (const message of warnings) this.#log.warn(message);
    for (const message of ended) this.#log.info(message);
  }
}
