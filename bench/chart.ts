// The chart of a run as SVG: decode and prefill of everybody, side by side, with the spread of the rounds.
// Takes results; gives the file's text, readable on light and on dark pages. Pure. Must not know: how it was measured.

import { median, type Result } from "./report.ts";

const PANELS = [
  { item: "decode_128", title: "Decode behind 128 tokens, tokens/s" },
  { item: "prefill_512", title: "Prefill of 512 tokens, tokens/s" },
] as const;
const WIDTH = 760;
const LABEL = 170;
const VALUE = 60;
const BAR = 16;
const ROW = 24;
const TITLE = 40;

/** The chart; `title` says model and machine. */
export function chart(title: string, results: readonly Result[]): string {
  const parts: string[] = [];
  let y = 24;
  parts.push(text(0, y, title, "title"));
  for (const panel of PANELS) {
    const shown = results.flatMap(({ name, ours, series }) => {
      const rates = series[panel.item];
      if (rates?.length) return [{ name, ours, rates }];
      // wllama's long prompt is left out of a quick run; its rate does not depend on the length.
      const shorter = panel.item === "prefill_512" ? series.prefill_128 : undefined;
      return shorter?.length ? [{ name: `${name} (128)`, ours, rates: shorter }] : [];
    });
    if (shown.length === 0) continue;
    const most = Math.max(...shown.flatMap(({ rates }) => rates));
    const scale = (rate: number) => (rate / most) * (WIDTH - LABEL - VALUE);
    y += TITLE;
    parts.push(text(0, y, panel.title, "head"));
    y += 12;
    for (const { name, ours, rates } of shown) {
      const middle = median(rates);
      const [least, best] = [Math.min(...rates), Math.max(...rates)].map((rate) => LABEL + scale(rate));
      parts.push(
        text(LABEL - 8, y + 12, name, "label"),
        `<rect class="${ours ? "ours" : "peer"}" x="${LABEL}" y="${y}" width="${scale(middle).toFixed(1)}" height="${BAR}"/>`,
        `<path class="spread" d="M${least!.toFixed(1)} ${y + BAR / 2}H${best!.toFixed(1)}"/>`,
        text(Math.max(best!, LABEL + scale(middle)) + 6, y + 12, middle.toFixed(middle < 10 ? 1 : 0), "value"),
      );
      y += ROW;
    }
  }
  const height = y + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeXml(title)}">
<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; font-size: 15px; } .head { font-weight: 600; } .label { text-anchor: end; }
.ours { fill: #7c3aed; } .peer { fill: #9aa4b2; } .spread { stroke: #1f2328; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .ours { fill: #a78bfa; } .peer { fill: #6b7684; } .spread { stroke: #e6edf3; }
}
</style>
${parts.join("\n")}
</svg>
`;
}

function text(x: number, y: number, content: string, name: string): string {
  return `<text class="${name}" x="${x.toFixed(1)}" y="${y}">${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
