/** What every plain HTTP client reports, whatever its language. */

/** One response as the client saw it. */
export interface HttpReport {
  readonly status: number;
  /** Lower-case names */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** HTTP version as the client names it, when it tells: "1.1", "2" */
  readonly httpVersion?: string;
}

/** One request for a plain HTTP client. */
export interface HttpAsk {
  readonly url: string;
  /** GET when absent */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
