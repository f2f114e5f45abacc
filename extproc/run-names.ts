/** Which agents runs are of, as the process has told this thread. */

/** Runs that are known: several times as many as the process holds, so that those that ask are never forgotten. */
const mostRuns = 16_384;

/** Names of agents by the id of a run; when there are too many, those go first that were not asked for longest. */
export class RunNames {
  readonly #agents = new Map<string, string>();

  /** Takes more of them. */
  add(runs: readonly (readonly [runId: string, agent: string])[]): void {
    for (const [runId, agent] of runs) this.#agents.set(runId, agent);
    for (const oldest of this.#agents.keys()) {
      if (this.#agents.size <= mostRuns) return;
      this.#agents.delete(oldest);
    }
  }

  /** `Kind/namespace/name`; undefined for a run that is not known. */
  find(runId: string): string | undefined {
    const agent = this.#agents.get(runId);
    if (agent === undefined) return undefined;
    this.#agents.delete(runId);
    this.#agents.set(runId, agent);
    return agent;
  }
}
