/** How figures are written in the table and the chart: three telling digits, thousands apart. */

/** A figure for people: `0.42`, `9.8`, `154`, `12,300`. */
export function formatFigure(value: number): string {
  if (value === 0) return "0";
  if (value < 10) return value.toFixed(value < 1 ? 2 : 1);
  return Math.round(value).toLocaleString("en-US");
}

/** `12–14`: smallest and largest round. */
export function formatSpread([min, max]: readonly [number, number]): string {
  return `${formatFigure(min)}–${formatFigure(max)}`;
}

/** A number of things: `3`, `200,000`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}
