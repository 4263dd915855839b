namespace Splice.Measuring.Page;

/// <summary>How the page looks, by day and by night.</summary>
internal static class PageStyle
{
    public const string Css = """
        :root {
          color-scheme: light dark;
          --page: #f6f7f9; --card: #ffffff; --edge: #e1e5ea; --text: #1b2430; --soft: #5c6878; --grid: #e6e9ee;
          --method: #4a7fd4; --auto: #0d8a72; --baseline: #98a3b3; --spread: #1b2430; --stripe: #f8f9fb;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #0f141b; --card: #181f29; --edge: #2a3442; --text: #e7ecf3; --soft: #9aa7b8; --grid: #27303d;
            --method: #6ba0f2; --auto: #35c2a3; --baseline: #6b788b; --spread: #f2f5f9; --stripe: #1c2430;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 3rem; }
        h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; letter-spacing: -0.015em; text-wrap: balance; }
        h2 { margin: 0; font-size: 1.1rem; }
        p { margin: 0.35rem 0 0; }
        .soft, figcaption { color: var(--soft); }
        .small { font-size: 0.88rem; }
        .path { font-family: ui-monospace, monospace; font-size: 0.92em; overflow-wrap: anywhere; unicode-bidi: isolate; }
        .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem; margin: 1.75rem 0 0; }
        .facts div, section { background: var(--card); border: 1px solid var(--edge); border-radius: 12px; }
        .facts div { padding: 0.9rem 1.1rem; }
        .facts dt { color: var(--soft); font-size: 0.85rem; }
        .facts dd { margin: 0; font-size: 1.35rem; font-weight: 650; font-variant-numeric: tabular-nums; }
        .facts .auto { color: var(--auto); }
        section { margin-top: 1.25rem; padding: 1.25rem 1.4rem; }
        figure { margin: 0; }
        figcaption { font-size: 0.9rem; }
        .scroll { overflow-x: auto; }
        .chart { display: block; width: 100%; min-width: 40rem; height: auto; margin-top: 0.9rem; font-size: 14px; }
        .chart text { fill: var(--text); font-variant-numeric: tabular-nums; }
        .chart .label { text-anchor: end; }
        .chart .label.auto { font-weight: 650; fill: var(--auto); }
        .chart .value { font-weight: 650; }
        .chart .value, .chart .absent { paint-order: stroke; stroke: var(--card); stroke-width: 5px; stroke-linejoin: round; }
        .chart .note { font-weight: 400; fill: var(--soft); }
        .chart .absent { fill: var(--soft); font-style: italic; }
        .chart .mark { fill: var(--soft); font-size: 12px; text-anchor: middle; }
        .chart .grid { stroke: var(--grid); }
        .chart .bar.method { fill: var(--method); }
        .chart .bar.auto { fill: var(--auto); }
        .chart .bar.baseline { fill: var(--baseline); }
        .chart .spread { stroke: var(--spread); stroke-width: 1.5; fill: none; }
        .key { display: flex; flex-wrap: wrap; gap: 0.3rem 1.25rem; margin: 0.7rem 0 0; padding: 0; list-style: none; font-size: 0.88rem; color: var(--soft); }
        .key i { display: inline-block; width: 0.8rem; height: 0.8rem; margin-right: 0.45rem; border-radius: 3px; }
        .key .method { background: var(--method); } .key .auto { background: var(--auto); } .key .baseline { background: var(--baseline); }
        table { width: 100%; border-collapse: collapse; margin-top: 0.8rem; font-size: 0.92rem; }
        th { color: var(--soft); font-weight: 500; white-space: nowrap; text-align: left; }
        th, td { padding: 0.45rem 0.6rem; border-bottom: 1px solid var(--edge); vertical-align: top; }
        th:first-child, td:first-child { padding-left: 0.6rem; }
        tbody tr:nth-child(even) { background: var(--stripe); }
        tbody tr:last-child > * { border-bottom: 0; }
        .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        .name { font-weight: 600; color: var(--text); }
        .tag { margin-left: 0.4rem; padding: 0.05rem 0.45rem; border-radius: 99px; background: var(--auto); color: var(--card); font-size: 0.75rem; font-weight: 650; }
        .machine th { width: 11rem; }
        .machine .text { overflow-wrap: anywhere; unicode-bidi: isolate; }
        footer { margin-top: 1.5rem; color: var(--soft); font-size: 0.85rem; }
        @media print { body { background: none; } section { break-inside: avoid; } }
        """;
}
